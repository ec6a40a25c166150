host-test += test_symtab test_lapic_ratio test_features test_fbcon
test_symtab-src := tests/host/arch/test_symtab.c arch/x86/cpu/symtab.c
test_lapic_ratio-src := tests/host/arch/test_lapic_ratio.c arch/x86/irq/lapic_ratio.c
test_features-src := tests/host/arch/test_features.c arch/x86/cpu/features.c \
	arch/x86/cpu/mitigations.c arch/x86/cpu/xsave.c arch/x86/smp/list.c kernel/lib/klog.c
test_fbcon-src := tests/host/arch/test_fbcon.c arch/x86/console/fbcon.c arch/x86/console/font.c
host-test += test_idle
test_idle-src := tests/host/arch/test_idle.c arch/x86/smp/idle.c
