# SPDX-License-Identifier: BSD-2-Clause
host-test += test_ring
test_ring-src := tests/host/virtio/test_ring.c vmm/virtio/net_plain.c vmm/virtio/ring.c \
	net/pkt/pkt.c
fuzz += fuzz_ring
fuzz_ring-src := tests/fuzz/fuzz_ring.c vmm/virtio/net_plain.c vmm/virtio/ring.c \
	net/pkt/pkt.c
host-test += test_virtio_net
nics-src = tests/host/vdev/nics.c $(vdev-src) $(net-pkt-src) $(net-vswitch-src) kernel/lib/assert.c
test_virtio_net-src = tests/host/virtio/test_virtio_net.c $(nics-src) \
	$(addprefix vmm/virtio/,net.c net_ctrl.c net_plain.c net_rx.c net_tx.c pci.c pci_common.c ring.c)
