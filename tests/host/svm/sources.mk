# SPDX-License-Identifier: BSD-2-Clause
svm-pure := $(addprefix arch/x86/svm/,avic.c caps.c cr.c enter.c event.c exit.c fail.c intercept.c nmi.c \
	seg.c state.c tlb.c vm.c) arch/x86/virt_combine.c kernel/lib/klog.c tests/host/svm/fake_vmcb.c
host-test += test_svm_caps test_svm_exit test_svm_event test_svm_state test_svm_avic
test_svm_caps-src := tests/host/svm/test_svm_caps.c $(svm-pure)
test_svm_exit-src := tests/host/svm/test_svm_exit.c $(svm-pure)
test_svm_event-src := tests/host/svm/test_svm_event.c $(svm-pure)
test_svm_state-src := tests/host/svm/test_svm_state.c $(svm-pure)
test_svm_avic-src := tests/host/svm/test_svm_avic.c $(svm-pure)
