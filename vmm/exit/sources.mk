core-src += vmm/exit/decode.c vmm/exit/decode_fast.c \
	vmm/exit/decode_system.c vmm/exit/decode_table.c vmm/exit/emulate.c \
	vmm/exit/emulate_alu.c vmm/exit/emulate_string.c
core-src += vmm/exit/apic.c vmm/exit/cpuid.c vmm/exit/cpuid_policy.c vmm/exit/cr.c vmm/exit/guest_access.c \
	vmm/exit/hypercall.c vmm/exit/io.c vmm/exit/longest.c vmm/exit/memory.c vmm/exit/msr.c \
	vmm/exit/msr_amd.c vmm/exit/msr_kvm.c vmm/exit/msr_mtrr.c vmm/exit/system_insn.c vmm/exit/table.c vmm/exit/wait.c
