core-src += arch/x86/smp/call.c arch/x86/smp/idle.c arch/x86/smp/list.c arch/x86/smp/start.c arch/x86/smp/trampoline.S
