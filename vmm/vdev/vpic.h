/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pair of 8259A interrupt controllers at ports 0x20 and 0xa0 with their edge/level
 * registers at 0x4d0 (Intel 8259A data sheet). Their INTR goes to LINT0 of vCPU 0.
 */
#ifndef VMM_VDEV_VPIC_H
#define VMM_VDEV_VPIC_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

struct platform;
struct vpic;

/* Registers itself on p->ports. ERR_NOMEM. */
int __must_check vpic_create(struct platform *p);
void vpic_destroy(struct vpic *pic);
void vpic_reset(struct vpic *pic);

/* Set interrupt request line 0 to 15 (2 is the cascade and ignored). Any CPU. */
void vpic_set(struct vpic *pic, unsigned irq, bool asserted);

/* INTR is platform.intr. The INTA cycle returns the vector, that of a spurious interrupt when
 * the request has gone. */
u8 vpic_ack(struct vpic *pic);

#endif
