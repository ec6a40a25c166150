core-src += $(addprefix vmm/vpci/,bridge.c config.c device.c host.c msix.c)
