load-src := vmm/vm/load.c vmm/vm/load_bzimage.c vmm/vm/load_multiboot.c vmm/vm/load_elf.c \
	vmm/vm/load_copies.c vmm/vm/load_ram.c vmm/vm/load_state.c kernel/lib/klog.c \
	tests/host/parsers/guest_ram.c
config-src := vmm/vm/config.c vmm/vm/config_names.c vmm/vm/config_node.c vmm/vm/config_vm.c vmm/vm/config_console.c vmm/vm/config_processor.c \
	vmm/vm/config_value.c vmm/vm/config_switch.c vmm/vm/config_nic.c vmm/vm/config_link.c \
	vmm/vm/config_sched.c vmm/vm/config_pass.c drivers/pci/address.c kernel/lib/dtb.c kernel/lib/closest.c \
	kernel/lib/klog.c tests/tools/heap_host.c
acpi-src := drivers/acpi/acpi.c drivers/acpi/array.c drivers/acpi/madt.c drivers/acpi/mcfg.c \
	drivers/acpi/dmar.c drivers/acpi/spcr.c drivers/acpi/fadt.c drivers/acpi/s5.c \
	kernel/lib/klog.c tests/tools/heap_host.c tests/host/parsers/acpi_fake.c
acpi-test-src := $(acpi-src) tests/host/parsers/guest_ram.c

host-test += test_load_bzimage test_load_multiboot test_config test_closest
host-test += test_acpi test_dmar test_fadt
test_closest-src := tests/host/parsers/test_closest.c kernel/lib/closest.c
test_acpi-src := tests/host/parsers/test_acpi.c $(acpi-test-src)
test_dmar-src := tests/host/parsers/test_dmar.c $(acpi-test-src)
test_fadt-src := tests/host/parsers/test_fadt.c $(acpi-test-src)
test_load_bzimage-src := tests/host/parsers/test_load_bzimage.c $(load-src)
test_load_multiboot-src := tests/host/parsers/test_load_multiboot.c $(load-src)
test_config-src := tests/host/parsers/test_config.c $(config-src)

host-tool += hanok-check
hanok-check-src := tests/tools/hanok-check.c $(config-src)

fuzz += fuzz_load fuzz_config fuzz_acpi
fuzz_acpi-src := tests/fuzz/fuzz_acpi.c $(acpi-src)
fuzz_load-src := tests/fuzz/fuzz_load.c $(load-src)
fuzz_config-src := tests/fuzz/fuzz_config.c $(config-src)
host-test += test_load_copies
test_load_copies-src := tests/host/parsers/test_load_copies.c vmm/vm/load_copies.c
