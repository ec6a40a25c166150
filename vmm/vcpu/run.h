/* SPDX-License-Identifier: BSD-2-Clause */
/* The run loop, as the scheduler calls it. */
#ifndef VMM_VCPU_RUN_H
#define VMM_VCPU_RUN_H

#include "arch/x86/smp/smp.h"
#include "vmm/vcpu/vcpu.h"

void vcpu_run(struct sched_entity *e);

/* Bring the vCPU's state onto this CPU, from wherever it is loaded. */
void vcpu_load(struct vcpu *v);

#endif
