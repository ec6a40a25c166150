/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VMM_CMDS_SHARE_H
#define VMM_CMDS_SHARE_H

#include "vmm/vm/vm.h"

/* What a VM was given of the processors, in a few words: "w200 cap50% res2000/10000". */
void share_describe(const struct vm *vm, char *buf, size_t size);

#endif
