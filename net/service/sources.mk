service-src := $(addprefix net/service/,arp.c dhcp_msg.c dhcpc.c dhcpd.c dns_msg.c dns_relay.c \
	frame.c gateway.c gateway_frag.c gateway_input.c gateway_local.c gateway_view.c icmp.c)
core-src += $(service-src)
