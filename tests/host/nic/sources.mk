host-test += test_e1000_ring
test_e1000_ring-src := tests/host/nic/test_e1000_ring.c drivers/nic/e1000_ring.c drivers/nic/ring.c kernel/lib/klog.c
