core-src += vmm/vm/load.c vmm/vm/load_bzimage.c vmm/vm/load_multiboot.c vmm/vm/load_elf.c \
	vmm/vm/load_ram.c vmm/vm/load_state.c
