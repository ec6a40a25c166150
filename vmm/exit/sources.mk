core-src += vmm/exit/cpuid.c vmm/exit/cpuid_policy.c vmm/exit/cr.c vmm/exit/guest_access.c \
	vmm/exit/hypercall.c vmm/exit/io.c vmm/exit/memory.c vmm/exit/msr.c vmm/exit/table.c
