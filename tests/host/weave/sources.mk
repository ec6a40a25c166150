# SPDX-License-Identifier: BSD-2-Clause
weave-test += test_avic_weave
test_avic_weave-src := $(addprefix tests/host/weave/,test_avic_weave.c avic_world.c \
	avic_hardware.c avic_msr.c avic_stubs.c weave.c) $(addprefix arch/x86/svm/,avic.c caps.c cr.c enter.c event.c exit.c \
	fail.c nmi.c seg.c state.c tlb.c vm.c) arch/x86/virt_combine.c \
	$(addprefix vmm/vcpu/,run.c turn.c vcpu.c pv.c steal.c) vmm/exit/wait.c vmm/exit/apic.c \
	$(addprefix vmm/vdev/,vlapic.c vlapic_deliver.c vlapic_pv.c vlapic_regs.c vlapic_timer.c \
	vlapic_vectors.c) kernel/lib/klog.c
