core-src += drivers/nic/e1000.c drivers/nic/e1000_ring.c drivers/nic/igb.c drivers/nic/igb_mailbox.c drivers/nic/igb_filter.c \
	drivers/nic/igb_ring.c drivers/nic/igb_vf.c drivers/nic/irq.c drivers/nic/nic.c drivers/nic/ring.c drivers/nic/virtio.c drivers/nic/virtio_ring.c
