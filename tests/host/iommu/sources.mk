host-test += test_iommu
test_iommu-src := tests/host/iommu/test_iommu.c tests/host/iommu/vtd_model.c drivers/iommu/domain.c \
	drivers/iommu/fault.c drivers/iommu/machine.c drivers/iommu/queue.c drivers/iommu/remap.c drivers/iommu/reserved.c \
	drivers/iommu/scope.c drivers/iommu/tables.c drivers/iommu/unit.c drivers/pci/access.c \
	drivers/pci/bar.c drivers/pci/caps.c drivers/pci/msi.c drivers/pci/scan.c arch/x86/mm/radix.c \
	arch/x86/mm/radix_edit.c arch/x86/mm/radix_format.c kernel/lib/klog.c tests/tools/heap_host.c
