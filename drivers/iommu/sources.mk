core-src += drivers/iommu/domain.c drivers/iommu/fault.c drivers/iommu/machine.c drivers/iommu/queue.c \
	drivers/iommu/remap.c drivers/iommu/reserved.c drivers/iommu/scope.c drivers/iommu/tables.c drivers/iommu/unit.c
