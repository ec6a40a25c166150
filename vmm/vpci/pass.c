/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices that are passed to guests: with their VMs, and for the shell. */
#include "vmm/vpci/pass.h"

#include <string.h>

#include "vmm/vm/vm.h"
#include "vmm/vpci/pass_impl.h"

struct list pass_list = LIST_INIT(pass_list);

/* The next device of a VM after p, the first for NULL; NULL at the end. */
static struct pass *next_of(const struct vm *vm, const struct pass *p)
{
	for (struct list *it = p ? p->link.next : pass_list.next; it != &pass_list; it = it->next)
		if (list_entry(it, struct pass, link)->vm_config == vm->config)
			return list_entry(it, struct pass, link);
	return NULL;
}

const char *pass_state_name(enum pass_state state)
{
	static const char *const names[] = {
	    [PASS_REFUSED] = "refused",      [PASS_FREE] = "free",
	    [PASS_GIVEN] = "given",          [PASS_RESETTING] = "resetting",
	    [PASS_DEAD] = "does not answer",
	};

	return names[state];
}

static const struct nic_vf_ops *vf_ops(const struct pass *p)
{
	return p->fn && p->fn->pf ? p->fn->pf->vf_ops : NULL;
}

static struct pass *pass_find(const char *name)
{
	struct list *it;

	list_for_each (it, &pass_list)
		if (!strcmp(list_entry(it, struct pass, link)->name, name))
			return list_entry(it, struct pass, link);
	return NULL;
}

/* --- with the VM -------------------------------------------------------------------------------
 */

static int ready(const struct vm *vm, const struct pass *p)
{
	switch (p->fn ? __atomic_load_n(&p->fn->state, __ATOMIC_ACQUIRE) : PASS_REFUSED) {
	case PASS_FREE:
		return 0;
	case PASS_RESETTING:
		return ERR_BUSY;
	case PASS_GIVEN:
		return trace_err(ERR_EXIST, "vm %s: %s is in use by VM %s: stop that one first",
				 vm->name, p->config->name, p->fn->user->vm_config->name);
	case PASS_DEAD:
		return trace_err(
		    ERR_IO,
		    "vm %s: %s does not answer since its last reset: power the machine off "
		    "and on, or `vf detach %s`",
		    vm->name, p->config->name, p->name);
	default:
		return trace_err(ERR_UNSUPPORTED, "vm %s: %s cannot be given to it: %s", vm->name,
				 p->config->name, p->why);
	}
}

int pass_vm_ready(struct vm *vm)
{
	int err = 0;

	for (struct pass *p = next_of(vm, NULL); p && !err; p = next_of(vm, p))
		if (!p->detached && !p->attached)
			err = ready(vm, p);
	return err;
}

static int create(struct vm *vm, struct pass *p)
{
	int err = pass_function_prepare(p->fn);

	if (!err && !vm->dma)
		err = pass_domain_create(vm);
	if (err)
		return err;
	p->vm = vm;
	return pass_device_create(p, &vm->platform);
}

int pass_vm_create(struct vm *vm)
{
	int err = 0;

	for (struct pass *p = next_of(vm, NULL); p && !err; p = next_of(vm, p))
		if (!p->detached)
			err = create(vm, p);
	return err;
}

static int attach(struct pass *p)
{
	struct pass_function *fn = p->fn;
	int err = pass_function_open(fn);

	if (err)
		return err;
	fn->user = p;
	err = p->vm->dma ? iommu_attach(p->vm->dma, fn->dev) : ERR_TIMEOUT;
	if (err) {
		pass_function_free(fn);
		return err;
	}
	p->attached = true;
	if (vf_ops(p)) {
		err = vf_ops(p)->configure(fn->pf, fn->dev->vf_index, &p->vf);
		if (!err)
			vf_ops(p)->open(fn->pf, fn->dev->vf_index);
	}
	return err ? err : pass_function_start(fn, &p->pci.msix);
}

int pass_vm_attach(struct vm *vm)
{
	int err = 0;

	for (struct pass *p = next_of(vm, NULL); p && !err; p = next_of(vm, p))
		if (p->vm && !p->attached)
			err = attach(p);
	return err ? trace_err(err, "vm %s: its devices cannot be given to it (%s)", vm->name,
			       err_name(err))
		   : 0;
}

/* First it stops to send requests, then it loses its domain, then it is reset. */
static int release(struct pass *p)
{
	struct pass_function *fn = p->fn;
	int err;

	pass_function_quiet(fn);
	p->attached = false;
	p->guest_reset = false;
	pass_function_stop(fn);
	if (vf_ops(p))
		vf_ops(p)->close(fn->pf, fn->dev->vf_index);
	err = iommu_detach(fn->dev);
	fn->user = NULL;
	pass_function_reset(fn, NULL);
	return err;
}

int pass_vm_release(struct vm *vm)
{
	int err = 0;

	for (struct pass *p = next_of(vm, NULL); p; p = next_of(vm, p))
		if (p->attached && release(p))
			err = ERR_TIMEOUT;
	/* A unit that does not answer may still walk its tables. */
	if (err)
		vm->dma = NULL;
	return err;
}

void pass_vm_destroy(struct vm *vm)
{
	for (struct pass *p = next_of(vm, NULL); p; p = next_of(vm, p)) {
		if (p->vm)
			pass_device_destroy(p);
		p->vm = NULL;
	}
	pass_domain_destroy(vm);
}

/* --- for the shell -----------------------------------------------------------------------------
 */

static void info_of_function(const struct pass *p, struct pass_info *out)
{
	const struct pci_device *dev = p->fn->dev;

	out->state = p->fn->state;
	if (out->state == PASS_GIVEN && p->fn->user != p)
		out->state = PASS_FREE;
	out->interrupts = p->fn->interrupts;
	out->resets = p->fn->resets;
	out->storms = out->state == PASS_GIVEN ? p->fn->storms : 0;
	pci_name(dev, out->device);
	if (vf_ops(p))
		vf_ops(p)->info(p->fn->pf, dev->vf_index, &out->traffic);
}

bool pass_info(u32 i, struct pass_info *out)
{
	struct list *it;

	list_for_each (it, &pass_list) {
		const struct pass *p = list_entry(it, struct pass, link);
		const struct pci_device at = {.segment = p->config->segment, .bdf = p->config->bdf};

		if (i--)
			continue;
		*out = (struct pass_info){.name = p->name,
					  .vm = p->vm_config->name,
					  .device = "-",
					  .pf = "-",
					  .vf = p->config->vf,
					  .index = p->config->index,
					  .settings = p->vf,
					  .detached = p->detached,
					  .why = p->why};
		if (p->config->vf)
			pci_name(&at, out->pf);
		else
			pci_name(&at, out->device);
		if (p->fn)
			info_of_function(p, out);
		return true;
	}
	return false;
}

int pass_set_attached(const char *name, bool attached)
{
	struct pass *p = pass_find(name);

	if (!p)
		return ERR_NOENT;
	if (p->vm)
		return ERR_BUSY;
	p->detached = !attached;
	return 0;
}

int pass_get_vf(const char *name, struct nic_vf_config *out)
{
	const struct pass *p = pass_find(name);

	if (!p)
		return ERR_NOENT;
	*out = p->vf;
	return vf_ops(p) ? 0 : ERR_UNSUPPORTED;
}

int pass_set_vf(const char *name, const struct nic_vf_config *config)
{
	struct pass *p = pass_find(name);
	int err = 0;

	if (!p)
		return ERR_NOENT;
	if (!vf_ops(p))
		return ERR_UNSUPPORTED;
	if (p->attached)
		err = vf_ops(p)->configure(p->fn->pf, p->fn->dev->vf_index, config);
	if (!err)
		p->vf = *config;
	return err;
}
