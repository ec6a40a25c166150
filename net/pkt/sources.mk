net-pkt-src := net/pkt/csum.c net/pkt/offload.c net/pkt/parse.c net/pkt/pcap.c net/pkt/pkt.c \
	net/pkt/segment.c
core-src += $(net-pkt-src)
