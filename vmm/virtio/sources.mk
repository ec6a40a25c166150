core-src += $(addprefix vmm/virtio/,pci.c pci_common.c ring.c)
