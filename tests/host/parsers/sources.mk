load-src := vmm/vm/load.c vmm/vm/load_bzimage.c vmm/vm/load_multiboot.c vmm/vm/load_elf.c \
	vmm/vm/load_ram.c vmm/vm/load_state.c kernel/lib/klog.c tests/host/parsers/guest_ram.c
config-src := vmm/vm/config.c vmm/vm/config_node.c vmm/vm/config_vm.c vmm/vm/config_console.c \
	vmm/vm/config_value.c vmm/vm/config_blob.c \
	kernel/lib/closest.c kernel/lib/klog.c tests/tools/heap_host.c

host-test += test_load_bzimage test_load_multiboot test_config
test_load_bzimage-src := tests/host/parsers/test_load_bzimage.c $(load-src)
test_load_multiboot-src := tests/host/parsers/test_load_multiboot.c $(load-src)
test_config-src := tests/host/parsers/test_config.c $(config-src)

host-tool += hanok-check
hanok-check-src := tests/tools/hanok-check.c $(config-src)

fuzz += fuzz_load fuzz_config
fuzz_load-src := tests/fuzz/fuzz_load.c $(load-src)
fuzz_config-src := tests/fuzz/fuzz_config.c $(config-src)
