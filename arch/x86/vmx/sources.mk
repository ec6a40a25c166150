core-src += arch/x86/virt.c arch/x86/mm/pages.c
core-src += $(addprefix arch/x86/vmx/,apicv.c caps.c cpu.c cr.c enter.c entry.S event.c exit.c fail.c \
	host.c load.c mitigate.S ops.c reset.c seg.c state.c tlb.c vcpu.c vm.c)
