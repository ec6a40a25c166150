core-src += vmm/vcpu/gva.c vmm/vcpu/poll.c vmm/vcpu/pv.c vmm/vcpu/pv_boost.c vmm/vcpu/pvclock.c \
	vmm/vcpu/pvclock_scale.c vmm/vcpu/run.c vmm/vcpu/steal.c vmm/vcpu/vcpu.c vmm/vcpu/turn.c
