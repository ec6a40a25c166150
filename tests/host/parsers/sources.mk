load-src := vmm/vm/load.c vmm/vm/load_bzimage.c vmm/vm/load_multiboot.c vmm/vm/load_elf.c \
	vmm/vm/load_ram.c vmm/vm/load_state.c kernel/lib/klog.c tests/host/parsers/guest_ram.c

host-test += test_load_bzimage test_load_multiboot
test_load_bzimage-src := tests/host/parsers/test_load_bzimage.c $(load-src)
test_load_multiboot-src := tests/host/parsers/test_load_multiboot.c $(load-src)

fuzz += fuzz_load
fuzz_load-src := tests/fuzz/fuzz_load.c $(load-src)
