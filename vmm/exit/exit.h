/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exit handlers: one function per kind of exit, in the table exit_handlers,
 * called on the vCPU's CPU with its state loaded.
 */
#ifndef VMM_EXIT_EXIT_H
#define VMM_EXIT_EXIT_H

#include "vmm/vcpu/vcpu.h"

typedef enum vcpu_next (*exit_handler_t)(struct vcpu *v, const struct virt_exit *exit);

extern const exit_handler_t exit_handlers[VIRT_EXIT_KINDS];
/* The exit's name, for the shell. */
extern const char *const exit_names[VIRT_EXIT_KINDS];

/* Families, one file each. */
enum vcpu_next exit_cpuid(struct vcpu *v, const struct virt_exit *exit);
enum vcpu_next exit_msr_read(struct vcpu *v, const struct virt_exit *exit);
enum vcpu_next exit_msr_write(struct vcpu *v, const struct virt_exit *exit);
enum vcpu_next exit_io(struct vcpu *v, const struct virt_exit *exit);
enum vcpu_next exit_memory(struct vcpu *v, const struct virt_exit *exit);
enum vcpu_next exit_cr(struct vcpu *v, const struct virt_exit *exit);
enum vcpu_next exit_xsetbv(struct vcpu *v, const struct virt_exit *exit);
enum vcpu_next exit_apic_access(struct vcpu *v, const struct virt_exit *exit);
enum vcpu_next exit_apic_write(struct vcpu *v, const struct virt_exit *exit);
enum vcpu_next exit_hlt(struct vcpu *v, const struct virt_exit *exit);
enum vcpu_next exit_pause(struct vcpu *v, const struct virt_exit *exit);
enum vcpu_next exit_ipi(struct vcpu *v, const struct virt_exit *exit);
enum vcpu_next exit_eoi(struct vcpu *v, const struct virt_exit *exit);

/* What the back end calls first, see struct virt_fast. */
extern const struct virt_fast exit_fast;
bool fast_cpuid(struct virt_vcpu *vv);
bool fast_hypercall(struct virt_vcpu *vv);
bool fast_msr_read(struct virt_vcpu *vv);
bool fast_msr_write(struct virt_vcpu *vv);

/* The default values of the MSRs kept in struct vcpu. */
void exit_msr_reset(struct vcpu *v);
/* Which MSRs the guest uses without an exit: for the back end's bitmap. */
void exit_msr_pass(struct vm *vm);

/* Skip the instruction that exited. */
static inline enum vcpu_next exit_skip(struct vcpu *v, const struct virt_exit *exit)
{
	virt->skip(&v->virt, exit->insn_len);
	return VCPU_AGAIN;
}

/* A 64-bit value in EDX:EAX. */
static inline u64 exit_edx_eax(const struct vcpu *v)
{
	return v->virt.gpr[VIRT_RDX] << 32 | (u32)v->virt.gpr[VIRT_RAX];
}

static inline void exit_set_edx_eax(struct vcpu *v, u64 value)
{
	v->virt.gpr[VIRT_RAX] = (u32)value;
	v->virt.gpr[VIRT_RDX] = value >> 32;
}

#endif
