# SPDX-License-Identifier: BSD-2-Clause
host-test += test_ring
test_ring-src := tests/host/virtio/test_ring.c vmm/virtio/ring.c
fuzz += fuzz_ring
fuzz_ring-src := tests/fuzz/fuzz_ring.c vmm/virtio/ring.c
