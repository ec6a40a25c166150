host-test += test_pci
test_pci-src := tests/host/pci/test_pci.c tests/host/pci/pci_fake.c drivers/pci/access.c drivers/pci/address.c \
	drivers/pci/bar.c drivers/pci/caps.c drivers/pci/msi.c drivers/pci/scan.c kernel/lib/klog.c \
	tests/tools/heap_host.c
host-test += test_aer
test_aer-src := tests/host/pci/test_aer.c drivers/pci/aer.c kernel/lib/klog.c
function-src := tests/host/pci/config_fake.c drivers/pci/acs.c drivers/pci/bar.c drivers/pci/caps.c \
	drivers/pci/reset.c drivers/pci/scan.c drivers/pci/space.c drivers/pci/sriov.c kernel/lib/klog.c \
	tests/tools/heap_host.c
host-test += test_function
test_function-src := tests/host/pci/test_function.c $(function-src)
fuzz += fuzz_pci
fuzz_pci-src := tests/fuzz/fuzz_pci.c drivers/pci/msi.c $(function-src)
