/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/irq/irq.h"

#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/percpu.h"
#include "arch/x86/cpu/spin.h"
#include "arch/x86/irq/lapic.h"
#include "kernel/lib/err.h"

struct irq_vector {
	irq_handler_t fn;
	void *arg;
};

static struct irq_vector vectors[256];
static struct spin vectors_lock;
static PERCPU(u32[256], irq_counts);

static void irq_nothing(void *arg)
{
	(void)arg;
}

int irq_vector_alloc(irq_handler_t fn, void *arg)
{
	int found = ERR_NOMEM;

	spin_lock(&vectors_lock);
	for (int v = IRQ_VECTOR_FIRST; v <= IRQ_VECTOR_LAST && found < 0; v++)
		if (!vectors[v].fn)
			found = v;
	if (found > 0)
		irq_vector_set(found, fn, arg);
	spin_unlock(&vectors_lock);
	return found > 0 ? found : trace_err(ERR_NOMEM, "irq: all vectors are in use");
}

void irq_vector_set(u8 vector, irq_handler_t fn, void *arg)
{
	vectors[vector].arg = arg;
	__atomic_store_n(&vectors[vector].fn, fn ? fn : irq_nothing, __ATOMIC_RELEASE);
}

void irq_vector_free(u8 vector)
{
	__atomic_store_n(&vectors[vector].fn, NULL, __ATOMIC_RELEASE);
}

void irq_dispatch(u8 vector)
{
	irq_handler_t fn = __atomic_load_n(&vectors[vector].fn, __ATOMIC_ACQUIRE);

	percpu(irq_counts)[vector]++;
	if (vector == IRQ_VECTOR_SPURIOUS)
		return;
	if (fn) {
		fn(vectors[vector].arg);
	} else if (vector != IRQ_VECTOR_KICK) {
		static struct klog_limit limit;

		klog_limited(&limit, KLOG_WARN, "irq: nobody wants vector %u", vector);
	}
	lapic_eoi();
}

u64 irq_count(u8 vector)
{
	u64 sum = 0;

	for (u32 id = 0; id < cpu_count(); id++)
		sum += percpu_of(id, irq_counts)[vector];
	return sum;
}

/* Intel 8259A: ICW1 to ICW4, then all lines masked. The vectors only matter
 * for a spurious interrupt that comes all the same. */
void irq_mask_8259(void)
{
	static const struct {
		u16 command, data;
		u8 vector, cascade;
	} pics[] = {{0x20, 0x21, 0xf0, 0x04}, {0xa0, 0xa1, 0xf0, 0x02}};

	for (u32 i = 0; i < ARRAY_SIZE(pics); i++) {
		io_out8(pics[i].command, 0x11);
		io_out8(pics[i].data, pics[i].vector);
		io_out8(pics[i].data, pics[i].cascade);
		io_out8(pics[i].data, 0x01);
		io_out8(pics[i].data, 0xff);
	}
}
