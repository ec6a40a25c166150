/* SPDX-License-Identifier: BSD-2-Clause */
/* A function of the machine on its way to guests and back: interrupts and resets. */
#include "arch/x86/cpu/percpu.h"
#include "arch/x86/irq/irq.h"
#include "drivers/pci/regs.h"
#include "kernel/time/time.h"
#include "vmm/vm/vm.h"
#include "vmm/vpci/pass_impl.h"

#define RESET_POLL_NS 10000000ull

/* --- interrupts --------------------------------------------------------------------------------
 */

static void mask_all(struct pass_function *fn, bool masked)
{
	for (u32 i = 0; i < fn->vectors; i++)
		pci_msix_mask(&fn->msix, (u16)i, masked);
}

/* What came meanwhile is pending in the device, and is sent as it is unmasked. */
static void storm_over(struct timer *timer)
{
	struct pass_function *fn = container_of(timer, struct pass_function, storm_timer);

	ticket_lock(&fn->lock);
	fn->storm = false;
	if (fn->msix_to)
		mask_all(fn, false);
	ticket_unlock(&fn->lock);
}

static void storm_begins(struct pass_function *fn, u64 window_end)
{
	char name[PCI_NAME];

	fn->storm = true;
	mask_all(fn, true);
	timer_arm(&fn->storm_timer, window_end);
	if (!fn->storms++)
		log_warn("vm %s: %s (%s) causes more than %u interrupts in %llu ms: they are held "
			 "back, `vf list` counts how often. Let its driver moderate them",
			 fn->user->vm_config->name, fn->user->config->name, pci_name(fn->dev, name),
			 PASS_STORM, PASS_STORM_NS / 1000000);
}

static void storm_watch(struct pass_function *fn)
{
	u64 now = time_tsc(), length = time_ns_to_ticks(PASS_STORM_NS);

	if (now - fn->window >= length) {
		fn->window = now;
		fn->burst = 0;
	}
	if (++fn->burst > PASS_STORM && !fn->storm)
		storm_begins(fn, fn->window + length);
}

/* Whoever has the function now gets it; one that was on its way when it was given back is dropped.
 */
static void interrupt(void *arg)
{
	struct pass_vector *v = arg;
	struct pass_function *fn = v->fn;

	ticket_lock(&fn->lock);
	fn->interrupts++;
	if (fn->msix_to) {
		vpci_msix_fire(fn->msix_to, v->index);
		storm_watch(fn);
	}
	ticket_unlock(&fn->lock);
}

/* Vectors and entries of the remapping table are taken once and kept. */
static int vector_take(struct pass_function *fn, u16 index)
{
	struct pass_vector *v = &fn->vector[index];
	int err;

	*v = (struct pass_vector){.fn = fn, .index = index, .vector = -1};
	err = iommu_irq_take(&v->irq, fn->dev);
	if (err)
		return err;
	v->vector = irq_vector_alloc(interrupt, v);
	if (v->vector < 0)
		iommu_irq_give(&v->irq);
	return v->vector < 0 ? v->vector : 0;
}

static int vectors_open(struct pass_function *fn)
{
	int err = pci_msix_open(fn->dev, &fn->msix);
	char name[PCI_NAME];

	if (err)
		return trace_err(err,
				 "pci: %s has no MSI-X that can be used: it cannot be given to a "
				 "guest",
				 pci_name(fn->dev, name));
	pci_msix_close(&fn->msix);
	while (fn->vectors < MIN(fn->msix.count, PASS_VECTORS) && !err) {
		err = vector_take(fn, (u16)fn->vectors);
		fn->vectors += !err;
	}
	if (!fn->vectors)
		return err;
	fn->msix_open = true;
	return 0;
}

int pass_function_prepare(struct pass_function *fn)
{
	return fn->msix_open ? 0 : vectors_open(fn);
}

void pass_function_free(struct pass_function *fn)
{
	ticket_lock(&fn->lock);
	fn->state = PASS_FREE;
	fn->user = NULL;
	ticket_unlock(&fn->lock);
}

int pass_function_open(struct pass_function *fn)
{
	int err = 0;

	ticket_lock(&fn->lock);
	if (fn->state == PASS_FREE)
		fn->state = PASS_GIVEN;
	else
		err = ERR_BUSY;
	ticket_unlock(&fn->lock);
	return err;
}

/* To the processor where the VM's work is done first. */
static int vectors_route(struct pass_function *fn, u32 apic_id)
{
	struct pci_msi_message message;
	int err = 0;

	pci_msix_start(&fn->msix);
	for (u32 i = 0; i < fn->vectors && !err; i++) {
		err = iommu_irq_route(&fn->vector[i].irq, apic_id, (u8)fn->vector[i].vector,
				      &message);
		if (!err)
			pci_msix_set(&fn->msix, (u16)i, &message, false);
	}
	return err;
}

int pass_function_start(struct pass_function *fn, struct vpci_msix *msix)
{
	struct vm *vm = fn->user->vm;
	int err;

	pci_write(fn->dev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_OFF);
	err = vectors_route(fn, cpu_by_id(vm->home_cpu)->apic_id);
	if (err)
		return err;
	ticket_lock(&fn->lock);
	fn->msix_to = msix;
	fn->storms = 0;
	ticket_unlock(&fn->lock);
	return 0;
}

void pass_function_stop(struct pass_function *fn)
{
	pci_write(fn->dev, PCI_COMMAND, 2, PCI_COMMAND_INTX_OFF);
	pci_msix_close(&fn->msix);
	ticket_lock(&fn->lock);
	fn->msix_to = NULL;
	ticket_unlock(&fn->lock);
}

/* --- reset -------------------------------------------------------------------------------------
 */

static void reset_end(struct pass_function *fn, int err)
{
	fn->resets += !err;
	if (fn->reset_done) {
		fn->reset_done(fn, err);
		return;
	}
	ticket_lock(&fn->lock);
	fn->state = err ? PASS_DEAD : PASS_FREE;
	ticket_unlock(&fn->lock);
}

static void reset_poll(struct timer *timer)
{
	struct pass_function *fn = container_of(timer, struct pass_function, timer);
	int err = pci_reset_poll(&fn->reset);

	if (err == ERR_BUSY)
		timer_arm(timer, time_tsc() + time_ns_to_ticks(RESET_POLL_NS));
	else
		reset_end(fn, err);
}

void pass_function_quiet(struct pass_function *fn)
{
	(void)timer_cancel_sync(&fn->timer);
}

void pass_function_reset(struct pass_function *fn, void (*done)(struct pass_function *fn, int err))
{
	int err;

	pass_function_quiet(fn);
	fn->reset_done = done;
	ticket_lock(&fn->lock);
	if (!done)
		fn->state = PASS_RESETTING;
	ticket_unlock(&fn->lock);
	err = pci_reset_start(&fn->reset, fn->dev);
	if (err)
		reset_end(fn, err);
	else
		timer_arm(&fn->timer, time_tsc() + time_ns_to_ticks(RESET_POLL_NS));
}

void pass_function_init(struct pass_function *fn, struct pci_device *dev)
{
	fn->dev = dev;
	timer_init(&fn->timer, reset_poll);
	timer_init(&fn->storm_timer, storm_over);
}
