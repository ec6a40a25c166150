core-src += net/uplink/uplink.c
