host-test += test_pci
test_pci-src := tests/host/pci/test_pci.c tests/host/pci/pci_fake.c drivers/pci/access.c \
	drivers/pci/bar.c drivers/pci/caps.c drivers/pci/msi.c drivers/pci/scan.c kernel/lib/klog.c \
	tests/tools/heap_host.c
