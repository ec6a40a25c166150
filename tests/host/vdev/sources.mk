vdev-src := tests/host/vdev/fixture.c tests/host/services/fake_clock.c \
	tests/host/services/fake_heap.c kernel/time/timer.c \
	kernel/time/heap.c kernel/time/scale.c kernel/lib/klog.c \
	$(filter-out vmm/vpci/pass%,$(wildcard vmm/vdev/*.c vmm/vpci/*.c))
vdev-tests := test_vlapic test_vlapic_timer test_vioapic test_vpic test_vpit test_vuart \
	test_vlapic_pv test_vrtc test_vpm test_vpci test_bus test_acpi_tables
host-test += $(vdev-tests)
$(foreach t,$(vdev-tests),$(eval $(t)-src := tests/host/vdev/$(t).c $(vdev-src)))
fuzz += fuzz_platform
fuzz_platform-src := tests/fuzz/fuzz_platform.c tests/host/services/fake_clock.c \
	tests/host/services/fake_heap.c \
	kernel/time/timer.c kernel/time/heap.c kernel/time/scale.c kernel/lib/klog.c \
	$(filter-out vmm/vpci/pass%,$(wildcard vmm/vdev/*.c vmm/vpci/*.c))
host-test += test_pass
test_pass-src := tests/host/vdev/test_pass.c tests/host/vdev/pass_fake.c $(wildcard vmm/vpci/pass*.c) $(vdev-src)
