core-src += $(addprefix vmm/vpci/,bridge.c config.c device.c host.c msix.c) vmm/vpci/pass.c vmm/vpci/pass_device.c vmm/vpci/pass_dma.c \
	vmm/vpci/pass_function.c vmm/vpci/pass_setup.c
