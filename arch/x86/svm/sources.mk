core-src += $(addprefix arch/x86/svm/,avic.c caps.c cpu.c cr.c enter.c entry.S event.c exit.c fail.c \
	intercept.c load.c nmi.c ops.c reset.c seg.c state.c tlb.c vcpu.c vm.c)
