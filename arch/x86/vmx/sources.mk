core-src += $(addprefix arch/x86/,virt.c virt_combine.c virt_common.c virt_entry.S mm/pages.c)
core-src += $(addprefix arch/x86/vmx/,apicv.c caps.c cpu.c cr.c enter.c entry.S event.c exit.c fail.c \
	host.c load.c ops.c reset.c seg.c state.c tlb.c vcpu.c vm.c)
