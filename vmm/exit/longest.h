/* SPDX-License-Identifier: BSD-2-Clause */
/* The longest time that the handler of each kind of exit took. */
#ifndef VMM_EXIT_LONGEST_H
#define VMM_EXIT_LONGEST_H

#include "kernel/sched/longest.h"
#include "vmm/vcpu/vcpu.h"

/* Keep a vCPU's figures when it goes. */
void exit_longest_keep(const struct vcpu *v);

/* Of all vCPUs there are and were. */
void exit_longest_for_each(longest_fn *fn, void *ctx);

#endif
