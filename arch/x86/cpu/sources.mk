core-src += arch/x86/cpu/backtrace.c arch/x86/cpu/features.c arch/x86/cpu/mitigations.c \
	arch/x86/cpu/panic.c arch/x86/cpu/percpu.c arch/x86/cpu/reset.c arch/x86/cpu/symtab.c \
	arch/x86/cpu/tables.c arch/x86/cpu/trap.c arch/x86/cpu/trap_entry.S arch/x86/cpu/tsc.c \
	arch/x86/cpu/xsave.c
