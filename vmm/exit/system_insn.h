/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instructions that exited, for processors that tell neither their length nor their operands: read
 * from the guest's memory and decoded.
 */
#ifndef VMM_EXIT_SYSTEM_INSN_H
#define VMM_EXIT_SYSTEM_INSN_H

#include "vmm/exit/decode.h"
#include "vmm/vcpu/vcpu.h"

/* The instruction at RIP. False: there is none; the guest has got an exception or is stopped. */
bool __must_check system_insn_decode(struct vcpu *v, struct insn_system *out);

/* For struct virt_fast. */
unsigned system_insn_length(struct virt_vcpu *vv);

#endif
