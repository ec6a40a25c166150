core-src += arch/x86/irq/ioapic.c arch/x86/irq/irq.c arch/x86/irq/lapic.c arch/x86/irq/lapic_ratio.c \
	arch/x86/irq/lapic_timer.c
