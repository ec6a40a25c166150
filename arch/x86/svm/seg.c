/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/svm/svm.h"

#define SEG_DPL 0x60u
#define SEG_DPL_SHIFT 5
#define TYPE_ACCESSED 0x01u /* of data */
#define TYPE_BUSY 0x02u     /* of a TSS */
#define LIMIT_WITHOUT_G 0xfffff

static struct vmcb_seg *seg_of(const struct svm_vcpu *x, enum virt_seg_name name)
{
	static const u16 offsets[VIRT_SEGS] = {
	    [VIRT_ES] = offsetof(struct vmcb, es),     [VIRT_CS] = offsetof(struct vmcb, cs),
	    [VIRT_SS] = offsetof(struct vmcb, ss),     [VIRT_DS] = offsetof(struct vmcb, ds),
	    [VIRT_FS] = offsetof(struct vmcb, fs),     [VIRT_GS] = offsetof(struct vmcb, gs),
	    [VIRT_LDTR] = offsetof(struct vmcb, ldtr), [VIRT_TR] = offsetof(struct vmcb, tr),
	    [VIRT_GDTR] = offsetof(struct vmcb, gdtr), [VIRT_IDTR] = offsetof(struct vmcb, idtr),
	};

	return (struct vmcb_seg *)((char *)x->vmcb + offsets[name]);
}

/* The processor acts by the limit and the CPL, and need not keep G, the accessed and busy
 * bits, and the DPL of SS as descriptors have them (APM vol. 2, 15.5.1). */
u16 svm_attr_from_vmcb(const struct vmcb_seg *s, enum virt_seg_name name, u8 cpl)
{
	u32 attr = s->attrib & 0xfffu;

	if (name == VIRT_SS)
		attr = (attr & ~SEG_DPL) | (u32)cpl << SEG_DPL_SHIFT;
	if (!(attr & VIRT_SEG_P))
		return (u16)(name == VIRT_SS ? attr & ~(u32)VIRT_SEG_DB : attr);
	if (name == VIRT_TR)
		attr |= TYPE_BUSY;
	else if (name != VIRT_LDTR)
		attr |= TYPE_ACCESSED;
	attr &= ~(u32)VIRT_SEG_G;
	return (u16)(s->limit > LIMIT_WITHOUT_G ? attr | VIRT_SEG_G : attr);
}

unsigned svm_cpl(struct virt_vcpu *v)
{
	return svm_of(v)->vmcb->cpl;
}

bool svm_long_code(const struct svm_vcpu *x)
{
	return (x->vmcb->cs.attrib & VIRT_SEG_L) && (x->vmcb->efer & EFER_LMA);
}

void svm_get_code(struct virt_vcpu *v, struct virt_code *code)
{
	const struct vmcb *b = svm_of(v)->vmcb;

	code->rip = b->rip;
	code->cr3 = b->cr3;
	code->mode = (b->cs.attrib & (VIRT_SEG_L | VIRT_SEG_DB)) | (b->efer & EFER_LMA) << 2;
	/* There is one way of paging in 64-bit code, and no base. */
	if (likely(svm_long_code(svm_of(v))))
		return;
	code->rip = (u32)(code->rip + b->cs.base);
	code->mode |= b->cr0 & CR0_PG;
	code->mode |= (b->cr4 & (CR4_PAE | CR4_PSE)) << 32;
}

void svm_get_seg(struct virt_vcpu *v, enum virt_seg_name name, struct virt_seg *seg)
{
	const struct svm_vcpu *x = svm_of(v);
	const struct vmcb_seg *s = seg_of(x, name);

	*seg = (struct virt_seg){.base = s->base, .limit = s->limit};
	if (name >= VIRT_GDTR)
		return;
	seg->selector = s->selector;
	seg->attr = svm_attr_from_vmcb(s, name, x->vmcb->cpl);
}

void svm_set_seg(struct virt_vcpu *v, enum virt_seg_name name, const struct virt_seg *seg)
{
	struct svm_vcpu *x = svm_of(v);
	struct vmcb_seg *s = seg_of(x, name);

	svm_dirty(x, name >= VIRT_GDTR ? CLEAN_TABLES : CLEAN_SEGMENTS);
	s->base = seg->base;
	s->limit = seg->limit;
	if (name >= VIRT_GDTR) {
		s->limit &= 0xffff;
		return;
	}
	s->selector = seg->selector;
	s->attrib = seg->attr & 0xfff;
	if (name == VIRT_SS)
		x->vmcb->cpl = VIRT_SEG_DPL(seg->attr);
}
