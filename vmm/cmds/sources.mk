core-src += vmm/cmds/vm.c vmm/cmds/help.c vmm/cmds/iommu.c vmm/cmds/log.c \
	vmm/cmds/machine.c vmm/cmds/mem.c vmm/cmds/pci.c vmm/cmds/system.c \
	vmm/cmds/sched.c vmm/cmds/top.c vmm/cmds/vm_set.c
