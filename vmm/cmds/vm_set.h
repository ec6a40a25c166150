/* SPDX-License-Identifier: BSD-2-Clause */
/* `vm set`: what a VM gets of the processors, changed while it runs. */
#ifndef VMM_CMDS_VM_SET_H
#define VMM_CMDS_VM_SET_H

#include "kernel/shell/shell.h"
#include "vmm/vm/vm.h"

/* argv: the property, and its new value. */
int vm_set_command(struct shell *sh, struct vm *vm, int argc, char **argv);

/* Offer the properties' names. */
void vm_set_complete(struct shell_completion *c);

#endif
