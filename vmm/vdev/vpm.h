/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI fixed hardware at LAYOUT_PM_BASE (ACPI 6.4, 4.8.3): PM1a events and control, the
 * PM timer with 32 bits, SCI; and the ways in which a PC is reset: register 0xcf9, the
 * keyboard controller's pulse, port 0x92.
 */
#ifndef VMM_VDEV_VPM_H
#define VMM_VDEV_VPM_H

#include "kernel/lib/err.h"
#include "kernel/lib/types.h"

#define VPM_TIMER_HZ 3579545
/* Offsets from LAYOUT_PM_BASE. */
#define VPM_PM1_EVT 0x0 /* 4 bytes: status, enable */
#define VPM_PM1_CNT 0x4 /* 2 bytes */
#define VPM_TIMER 0x8   /* 4 bytes */
#define VPM_SIZE 0x10
#define VPM_SLP_TYP_S5 5 /* as \_S5 in the DSDT tells */
#define VPM_RESET_PORT 0xcf9
#define VPM_RESET_VALUE 0x06

struct platform;
struct vpm;

/* Registers itself on p->ports, but for 0xcf9, which lies among the PCI ports. ERR_NOMEM. */
int __must_check vpm_create(struct platform *p);
void vpm_destroy(struct vpm *pm);
void vpm_reset(struct vpm *pm);

/* Press the fixed power button. */
void vpm_power_button(struct vpm *pm);

/* The reset control register 0xcf9. */
u8 vpm_read_reset(struct vpm *pm);
void vpm_write_reset(struct vpm *pm, u8 value);

#endif
