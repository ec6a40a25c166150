core-src += arch/x86/mm/radix.c arch/x86/mm/radix_edit.c arch/x86/mm/radix_format.c \
	arch/x86/mm/host.c arch/x86/mm/mmio.c
