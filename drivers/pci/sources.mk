core-src += drivers/pci/access.c drivers/pci/bar.c drivers/pci/caps.c drivers/pci/msi.c drivers/pci/scan.c
