core-src += $(addprefix vmm/net/,nic.c random.c switch.c)
