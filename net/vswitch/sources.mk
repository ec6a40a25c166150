net-vswitch-src := net/vswitch/admit.c net/vswitch/fdb.c net/vswitch/flood.c net/vswitch/input.c \
	net/vswitch/output.c net/vswitch/plain.c net/vswitch/port.c net/vswitch/spoof.c net/vswitch/vswitch.c
core-src += $(net-vswitch-src)
