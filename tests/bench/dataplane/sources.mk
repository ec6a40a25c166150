dataplane-core-src := kernel/lib/assert.c kernel/lib/klog.c $(net-pkt-src) $(net-vswitch-src) \
	$(nat-src) $(service-src) vmm/virtio/ring.c vmm/virtio/net_plain.c \
	tests/bench/dataplane/device.c tests/bench/dataplane/floor.c
dataplane-host-src := $(addprefix tests/bench/dataplane/,copy.c hostile.c main.c nat.c tools.c)
