core-src += vmm/vm/load.c vmm/vm/load_bzimage.c vmm/vm/load_multiboot.c vmm/vm/load_elf.c \
	vmm/vm/load_copies.c vmm/vm/load_ram.c vmm/vm/load_state.c
core-src += vmm/vm/vm.c vmm/vm/build.c vmm/vm/memory.c vmm/vm/platform_host.c vmm/vm/sched.c
core-src += vmm/vm/config.c vmm/vm/config_names.c vmm/vm/config_node.c vmm/vm/config_vm.c vmm/vm/config_console.c vmm/vm/config_processor.c \
	vmm/vm/config_value.c vmm/vm/config_switch.c vmm/vm/config_nic.c vmm/vm/config_link.c \
	vmm/vm/config_sched.c vmm/vm/config_pass.c
