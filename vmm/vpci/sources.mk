core-src += $(addprefix vmm/vpci/,bridge.c config.c host.c)
