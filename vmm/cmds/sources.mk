core-src += vmm/cmds/vm.c
