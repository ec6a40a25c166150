/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Polling before a halted vCPU blocks: what it waits for often comes at once, and then
 * blocking and waking cost more than looking for a moment. Only while nothing else wants
 * the processor, and only for as long as it has paid lately.
 */
#ifndef VMM_VCPU_POLL_H
#define VMM_VCPU_POLL_H

#include "vmm/vcpu/vcpu.h"

/* The vCPU is halted, inside its run loop. True: something has come for it; false: it is to
 * block. */
bool vcpu_poll(struct vcpu *v);

#endif
