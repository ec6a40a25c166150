/* SPDX-License-Identifier: BSD-2-Clause */
/* Creation of a vCPU: its VMCB and what is in it for good. */
#include "arch/x86/mm/direct.h"
#include "arch/x86/mm/pages.h"
#include "arch/x86/svm/svm.h"

#define APIC_TPR 0x80

static_assert(sizeof(struct svm_vcpu) <= PAGE_SIZE, "allocated as one page");

static int buffers_alloc(struct svm_vcpu *x)
{
	x->vmcb = pages_alloc(0);
	x->xsave = virt_fpu_alloc();
	if (!x->vmcb || !x->xsave)
		return trace_err(ERR_NOMEM, "no memory for a vCPU's state");
	return ERR_OK;
}

static void vmcb_init(struct vmcb *b, const struct virt_vm *vm)
{
	struct virt_caps caps = virt_caps;

	caps.pause_exit &= !vm->no_pause_exit;
	svm_intercepts_init(b, &svm_caps, &caps);
	b->io_map = virt_to_hpa(vm->io_bitmap).v;
	b->msr_map = virt_to_hpa(vm->msr_bitmap).v;
	b->nested_control = NESTED_PAGING;
	b->virq_control = (u8)(VIRQ_MASKING | (svm_caps.vnmi ? VNMI_ENABLE : 0));
}

int svm_vcpu_create(struct virt_vcpu *v)
{
	struct svm_vcpu *x = pages_alloc(0);
	int err;

	v->backend = x;
	if (!x)
		return trace_err(ERR_NOMEM, "no memory for a vCPU's state");
	err = buffers_alloc(x);
	if (err) {
		svm_vcpu_destroy(v);
		return err;
	}
	x->cpu = SVM_NO_CPU;
	x->vmcb_pa = virt_to_hpa(x->vmcb).v;
	x->tpr = v->vapic_page ? (u8 *)v->vapic_page + APIC_TPR : &x->own_tpr;
	virt_spec_init(&x->spec);
	vmcb_init(x->vmcb, v->vm);
	svm_avic_vcpu_create(v);
	svm_vcpu_reset(v, false);
	x->next = svm_vm_of(v->vm)->vcpus;
	svm_vm_of(v->vm)->vcpus = x;
	return ERR_OK;
}

static void list_remove(struct svm_vm *vm, const struct svm_vcpu *x)
{
	struct svm_vcpu **link = &vm->vcpus;

	while (*link && *link != x)
		link = &(*link)->next;
	if (*link)
		*link = x->next;
}

void svm_vcpu_destroy(struct virt_vcpu *v)
{
	struct svm_vcpu *x = svm_of(v);

	if (!x)
		return;
	if (x->loaded)
		svm_unload(v);
	svm_avic_vcpu_destroy(x);
	list_remove(svm_vm_of(v->vm), x);
	virt_fpu_free(x->xsave);
	pages_free(x->vmcb, 0);
	pages_free(x, 0);
	v->backend = NULL;
}
