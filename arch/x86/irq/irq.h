/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Vectors and their handlers. The IDT entry of every vector 32 to 255 ends in
 * irq_dispatch(); so does the run loop for an interrupt that ended guest mode
 * ("acknowledge interrupt on exit"). Handlers run with interrupts off, are
 * short, and take no lock that is ever held with an interrupt window open.
 */
#ifndef ARCH_X86_IRQ_IRQ_H
#define ARCH_X86_IRQ_IRQ_H

#include "kernel/lib/types.h"

#define IRQ_VECTOR_FIRST 0x20
#define IRQ_VECTOR_SPURIOUS 0xff
#define IRQ_VECTOR_KICK 0xfe  /* wakes from HLT, ends guest mode; no handler */
#define IRQ_VECTOR_TIMER 0xfd /* LAPIC timer */
#define IRQ_VECTOR_CALL 0xfc  /* mailbox, arch/x86/smp/smp.h */
#define IRQ_VECTOR_ERROR 0xfb /* LAPIC error */
#define IRQ_VECTOR_PI 0xfa    /* posted-interrupt notification of the back end */
#define IRQ_VECTOR_LAST 0xef  /* highest that irq_vector_alloc() gives */

typedef void (*irq_handler_t)(void *arg);

/* Reserve a vector, the same on all CPUs. Vector (0x20 to 0xef), or ERR_NOMEM
 * when all are taken. */
__must_check int irq_vector_alloc(irq_handler_t fn, void *arg);
/* Set the handler of one of the fixed vectors above. */
void irq_vector_set(u8 vector, irq_handler_t fn, void *arg);
void irq_vector_free(u8 vector);

/* Call the handler, then signal EOI. A vector without handler is counted and
 * reported. */
void irq_dispatch(u8 vector);

/* Interrupts of a vector so far, on all CPUs. */
u64 irq_count(u8 vector);

/* Mask the two 8259s, their vectors moved out of the exceptions' way. */
void irq_mask_8259(void);

#endif
