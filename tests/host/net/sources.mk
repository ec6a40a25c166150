net-base-src := kernel/lib/klog.c kernel/lib/assert.c $(net-pkt-src) $(net-vswitch-src)

host-test += test_vswitch
test_vswitch-src := tests/host/net/test_vswitch.c tests/host/net/fixture.c $(net-base-src)
