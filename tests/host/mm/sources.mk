host-test += test_radix
test_radix-src := tests/host/mm/test_radix.c arch/x86/mm/radix.c arch/x86/mm/radix_edit.c \
	arch/x86/mm/radix_format.c kernel/lib/klog.c
