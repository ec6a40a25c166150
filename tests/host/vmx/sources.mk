# SPDX-License-Identifier: BSD-2-Clause
vmx-pure := $(addprefix arch/x86/vmx/,caps.c cr.c event.c exit.c fail.c seg.c) arch/x86/virt_combine.c \
	kernel/lib/klog.c \
	tests/host/vmx/fake_vmcs.c
host-test += test_vmx_caps test_vmx_exit test_vmx_event test_vmx_state
test_vmx_caps-src := tests/host/vmx/test_vmx_caps.c $(vmx-pure)
test_vmx_exit-src := tests/host/vmx/test_vmx_exit.c $(vmx-pure)
test_vmx_event-src := tests/host/vmx/test_vmx_event.c $(vmx-pure)
test_vmx_state-src := tests/host/vmx/test_vmx_state.c $(vmx-pure)
host-test += test_vmx_entry
test_vmx_entry-src := tests/host/vmx/test_vmx_entry.c tests/host/vmx/refusing.S
host-test += test_virt_reset
test_virt_reset-src := tests/host/vmx/test_virt_reset.c arch/x86/virt_common.c
