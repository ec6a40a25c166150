/* SPDX-License-Identifier: BSD-2-Clause */
/* The ways to learn the TSC's rate. Each returns Hz, or 0 if it cannot tell. */
#ifndef KERNEL_TIME_CALIBRATE_H
#define KERNEL_TIME_CALIBRATE_H

#include "kernel/lib/types.h"
#include "kernel/time/time.h"

/* CPUID leaf 15h, with the base frequency of leaf 16h where the crystal's rate is not
 * reported (SDM vol. 3, 19.7.3). */
u64 calibrate_cpuid(void);

/* Leaf 0x40000010 of a hypervisor below us, which VMware, KVM and others agree on. */
u64 calibrate_hypervisor(void);

/* Against the i8254's channel 2, 10 ms, the best of three (i8254 data sheet, mode 0). */
u64 calibrate_pit(void);

/* Against the ACPI PM timer, 3.579545 MHz (ACPI 4.8.3.3), twice 10 ms. It goes on counting, so
 * that unlike the PIT it is exact also when something holds the processor up meanwhile. */
u64 calibrate_pm_timer(u16 port);

#endif
