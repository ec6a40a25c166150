/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The 8254 interval timer at ports 0x40 to 0x43, and port 0x61 with the gate and the
 * output of its channel 2 (Intel 8254 data sheet). Channel 0 drives LAYOUT_GSI_PIT.
 */
#ifndef VMM_VDEV_VPIT_H
#define VMM_VDEV_VPIT_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

#define VPIT_HZ 1193182

struct platform;
struct vpit;

/* Registers itself on p->ports. ERR_NOMEM. */
int __must_check vpit_create(struct platform *p);
void vpit_destroy(struct vpit *pit);
void vpit_reset(struct vpit *pit);

#endif
