core-src += $(addprefix vmm/virtio/,net.c net_ctrl.c net_plain.c net_rx.c net_tx.c pci.c pci_common.c ring.c)
