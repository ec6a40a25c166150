host-test += test_e1000_ring
test_e1000_ring-src := tests/host/nic/test_e1000_ring.c drivers/nic/e1000_ring.c drivers/nic/ring.c kernel/lib/klog.c
host-test += test_virtio_ring
test_virtio_ring-src := tests/host/nic/test_virtio_ring.c drivers/nic/virtio_ring.c drivers/nic/ring.c kernel/lib/klog.c
host-test += test_igb_mailbox
test_igb_mailbox-src := tests/host/nic/test_igb_mailbox.c drivers/nic/igb_mailbox.c kernel/lib/klog.c
host-test += test_igb_filter
test_igb_filter-src := tests/host/nic/test_igb_filter.c drivers/nic/igb_filter.c kernel/lib/klog.c
