net-base-src := kernel/lib/klog.c kernel/lib/assert.c $(net-pkt-src) $(net-vswitch-src)

host-test += test_vswitch
test_vswitch-src := tests/host/net/test_vswitch.c tests/host/net/fixture.c $(net-base-src)

host-test += test_pkt
test_pkt-src := tests/host/net/test_pkt.c kernel/lib/klog.c kernel/lib/assert.c $(net-pkt-src)

host-test += test_vswitch_model
test_vswitch_model-src := tests/host/net/test_vswitch_model.c tests/host/net/play.c \
	tests/host/net/fixture.c $(net-base-src)

fuzz += fuzz_pkt fuzz_vswitch
fuzz_pkt-src := tests/fuzz/fuzz_pkt.c tests/host/net/fixture.c $(net-base-src)
fuzz_vswitch-src := tests/fuzz/fuzz_vswitch.c tests/host/net/play.c tests/host/net/fixture.c \
	$(net-base-src)

host-test += test_vswitch_threads
test_vswitch_threads-src := tests/host/net/test_vswitch_threads.c tests/host/net/fixture.c \
	$(net-base-src)
