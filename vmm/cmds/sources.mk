core-src += vmm/cmds/vm.c vmm/cmds/help.c vmm/cmds/iommu.c vmm/cmds/log.c \
	vmm/cmds/machine.c vmm/cmds/mem.c vmm/cmds/pci.c vmm/cmds/system.c \
	vmm/cmds/sched.c vmm/cmds/top.c vmm/cmds/vm_set.c vmm/cmds/vf.c
core-src += $(addprefix vmm/cmds/,net.c net_capture.c net_change.c net_list.c net_nat.c net_ports.c)
