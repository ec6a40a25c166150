core-src += drivers/pci/access.c drivers/pci/acs.c drivers/pci/aer.c drivers/pci/address.c drivers/pci/bar.c drivers/pci/caps.c drivers/pci/msi.c \
	drivers/pci/reset.c drivers/pci/scan.c drivers/pci/space.c drivers/pci/sriov.c
