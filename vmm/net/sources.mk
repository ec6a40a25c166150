core-src += $(addprefix vmm/net/,capture.c nat.c nic.c random.c switch.c uplink.c)
