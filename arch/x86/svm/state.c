/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest registers outside of struct virt_vcpu. */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/svm/svm.h"

/* Registers that are a field of the VMCB, and the group of clean bits each belongs to. */
static const struct reg_desc {
	u16 offset; /* 0: in another way */
	u16 group;
} reg_descs[VIRT_REGS] = {
#define FIELD(name, group)                                \
	{                                                 \
		offsetof(struct vmcb, name), (u16)(group) \
	}
    [VIRT_RIP] = FIELD(rip, 0),
    [VIRT_RSP_REG] = FIELD(rsp, 0),
    [VIRT_RFLAGS] = FIELD(rflags, 0),
    [VIRT_CR2] = FIELD(cr2, CLEAN_CR2),
    [VIRT_CR3] = FIELD(cr3, CLEAN_CRX),
    [VIRT_DR6] = FIELD(dr6, CLEAN_DRX),
    [VIRT_DR7] = FIELD(dr7, CLEAN_DRX),
    [VIRT_PAT] = FIELD(pat, CLEAN_NESTED),
    [VIRT_SYSENTER_CS] = FIELD(sysenter_cs, 0),
    [VIRT_SYSENTER_ESP] = FIELD(sysenter_esp, 0),
    [VIRT_SYSENTER_EIP] = FIELD(sysenter_eip, 0),
    [VIRT_STAR] = FIELD(star, 0),
    [VIRT_LSTAR] = FIELD(lstar, 0),
    [VIRT_CSTAR] = FIELD(cstar, 0),
    [VIRT_SFMASK] = FIELD(sfmask, 0),
    [VIRT_FS_BASE] = FIELD(fs.base, 0),
    [VIRT_GS_BASE] = FIELD(gs.base, 0),
    [VIRT_KERNEL_GS_BASE] = FIELD(kernel_gs_base, 0),
#undef FIELD
};

static u64 *field_of(const struct svm_vcpu *x, enum virt_reg reg)
{
	return (u64 *)((char *)x->vmcb + reg_descs[reg].offset);
}

/* The page-directory pointers of PAE paging are not registers here. */
static u64 other_get(const struct svm_vcpu *x, enum virt_reg reg)
{
	switch (reg) {
	case VIRT_CR0:
		return svm_cr0_get(x);
	case VIRT_CR4:
		return svm_cr4_get(x);
	case VIRT_CR8:
		return *x->tpr >> 4;
	case VIRT_XCR0:
		return svm_xcr0_get(x);
	case VIRT_EFER:
		return x->vmcb->efer & ~EFER_SVME;
	case VIRT_TSC_AUX:
		return svm_tsc_aux_get(x);
	case VIRT_SPEC_CTRL:
		return svm_caps.spec_ctrl ? x->vmcb->spec_ctrl : x->spec.guest;
	default:
		return 0;
	}
}

static void other_set(struct svm_vcpu *x, enum virt_reg reg, u64 value)
{
	switch (reg) {
	case VIRT_CR0:
		svm_cr0_set(x, value);
		break;
	case VIRT_CR4:
		svm_cr4_set(x, value);
		break;
	case VIRT_CR8:
		*x->tpr = (u8)(value << 4);
		break;
	case VIRT_XCR0:
		svm_xcr0_set(x, value);
		break;
	case VIRT_EFER:
		svm_efer_set(x, value);
		break;
	case VIRT_TSC_AUX:
		svm_tsc_aux_set(x, value);
		break;
	case VIRT_SPEC_CTRL:
		virt_spec_set(&x->spec, value);
		x->vmcb->spec_ctrl = x->spec.guest;
		break;
	default:
		break;
	}
}

u64 svm_get_reg(struct virt_vcpu *v, enum virt_reg reg)
{
	const struct svm_vcpu *x = svm_of(v);
	u64 value;

	if (unlikely(!reg_descs[reg].offset))
		return other_get(x, reg);
	value = *field_of(x, reg);
	/* The trap flag may be ours for a moment. */
	if (unlikely(x->nmi == NMI_STEP && !x->step_tf && reg == VIRT_RFLAGS))
		value &= ~RFLAGS_TF;
	return value;
}

static u64 flags_to_set(struct svm_vcpu *x, u64 value)
{
	value |= RFLAGS_FIXED;
	if (likely(x->nmi != NMI_STEP))
		return value;
	x->step_tf = value & RFLAGS_TF;
	return value | RFLAGS_TF;
}

void svm_set_reg(struct virt_vcpu *v, enum virt_reg reg, u64 value)
{
	struct svm_vcpu *x = svm_of(v);

	if (unlikely(!reg_descs[reg].offset)) {
		other_set(x, reg, value);
		return;
	}
	if (reg == VIRT_RFLAGS)
		value = flags_to_set(x, value);
	if (reg == VIRT_CR3)
		x->todo |= TODO_FLUSH;
	*field_of(x, reg) = value;
	svm_dirty(x, reg_descs[reg].group);
}
