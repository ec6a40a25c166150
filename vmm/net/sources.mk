core-src += $(addprefix vmm/net/,capture.c nic.c random.c switch.c uplink.c)
