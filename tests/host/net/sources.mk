net-pkt-src := net/pkt/csum.c net/pkt/offload.c net/pkt/parse.c net/pkt/pcap.c net/pkt/pkt.c \
	net/pkt/segment.c
net-vswitch-src := net/vswitch/admit.c net/vswitch/fdb.c net/vswitch/flood.c net/vswitch/input.c \
	net/vswitch/output.c net/vswitch/port.c net/vswitch/spoof.c net/vswitch/vswitch.c
net-base-src := kernel/lib/klog.c kernel/lib/assert.c $(net-pkt-src) $(net-vswitch-src)

host-test += test_vswitch
test_vswitch-src := tests/host/net/test_vswitch.c tests/host/net/fixture.c $(net-base-src)
