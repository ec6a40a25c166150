# SPDX-License-Identifier: BSD-2-Clause
host-test += test_cpuid_policy test_gva test_pvclock
test_cpuid_policy-src := tests/host/vmm/test_cpuid_policy.c vmm/exit/cpuid_policy.c kernel/lib/klog.c
test_gva-src := tests/host/vmm/test_gva.c vmm/vcpu/gva.c kernel/lib/klog.c
test_pvclock-src := tests/host/vmm/test_pvclock.c vmm/vcpu/pvclock.c vmm/vcpu/pvclock_scale.c \
	kernel/lib/klog.c
host-test += test_vm test_run
test_vm-src := tests/host/vmm/test_vm.c vmm/vm/vm.c vmm/vm/load_copies.c kernel/lib/klog.c
test_run-src := tests/host/vmm/test_run.c vmm/vcpu/run.c vmm/vcpu/turn.c vmm/vcpu/pv.c vmm/vcpu/pv_boost.c \
	vmm/vcpu/steal.c vmm/exit/wait.c kernel/lib/klog.c
host-test += test_steal test_hypercall test_wait
test_steal-src := tests/host/vmm/test_steal.c vmm/vcpu/steal.c
test_hypercall-src := tests/host/vmm/test_hypercall.c vmm/exit/hypercall.c kernel/lib/klog.c
test_wait-src := tests/host/vmm/test_wait.c vmm/exit/wait.c vmm/vcpu/pv_boost.c \
	kernel/lib/klog.c
host-test += test_poll
test_poll-src := tests/host/vmm/test_poll.c vmm/vcpu/poll.c tests/host/services/fake_clock.c
host-test += test_cr
test_cr-src := tests/host/vmm/test_cr.c vmm/exit/cr.c vmm/exit/cpuid_policy.c kernel/lib/klog.c \
	tests/host/services/fake_heap.c
fuzz += fuzz_pv
fuzz_pv-src := tests/fuzz/fuzz_pv.c vmm/vcpu/pv.c vmm/vcpu/steal.c vmm/vcpu/pvclock.c \
	vmm/vcpu/pvclock_scale.c vmm/exit/hypercall.c vmm/exit/msr_kvm.c \
	tests/host/services/fake_clock.c tests/host/services/fake_heap.c kernel/time/timer.c \
	kernel/time/heap.c kernel/time/scale.c kernel/lib/klog.c $(filter-out vmm/vpci/pass%,$(wildcard vmm/vdev/*.c vmm/vpci/*.c))
