/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MC146818 real-time clock and its CMOS RAM at ports 0x70 and 0x71, LAYOUT_GSI_RTC
 * (Motorola data sheet; PC additions: shutdown status 0fh, memory sizes, century 32h).
 * It shows UTC by platform_host_ops.utc_ns, with the difference that the guest has set.
 */
#ifndef VMM_VDEV_VRTC_H
#define VMM_VDEV_VRTC_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

struct platform;
struct vrtc;

/* Registers itself on p->ports. ERR_NOMEM. */
int __must_check vrtc_create(struct platform *p);
void vrtc_destroy(struct vrtc *rtc);
/* The time and what the guest stored in RAM are kept, as the battery does. */
void vrtc_reset(struct vrtc *rtc);

#endif
