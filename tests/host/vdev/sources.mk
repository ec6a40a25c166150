vdev-src := tests/host/vdev/fixture.c tests/host/services/fake_clock.c kernel/time/timer.c \
	kernel/time/heap.c kernel/time/scale.c kernel/lib/klog.c \
	$(wildcard vmm/vdev/*.c vmm/vpci/*.c)
vdev-tests := test_vlapic test_vlapic_timer test_vioapic
host-test += $(vdev-tests)
$(foreach t,$(vdev-tests),$(eval $(t)-src := tests/host/vdev/$(t).c $(vdev-src)))
