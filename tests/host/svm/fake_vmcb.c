/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/svm/fake_vmcb.h"

#include <stdlib.h>

#include "arch/x86/cpu/features.h"
#include "arch/x86/irq/lapic.h"
#include "arch/x86/mm/pages.h"

struct vmcb fake_vmcb;
struct svm_vcpu fake_x;
struct virt_vcpu fake_v;
struct virt_vm fake_vm;
struct svm_vm fake_own;
unsigned fake_kicks, fake_length, fake_fast_calls;
bool fake_fast_does, fake_attended;

static bool fast_handler(struct virt_vcpu *v)
{
	(void)v;
	fake_fast_calls++;
	return fake_fast_does;
}

static unsigned insn_length(struct virt_vcpu *v)
{
	(void)v;
	return fake_length;
}

static bool attend(struct virt_vcpu *v)
{
	(void)v;
	return fake_attended;
}

struct virt_fast fake_fast = {
    .handle = {[0 ... VIRT_EXIT_LAST_SHORT] = fast_handler},
    .insn_length = insn_length,
    .irq_window = fast_handler,
    .attend = attend,
};

struct svm_cpuid fake_cpuid_tcg(void)
{
	return (struct svm_cpuid){.revision = 1, .asids = 16, .features = SVM_FEATURE_NPT};
}

struct svm_cpuid fake_cpuid_all(void)
{
	return (struct svm_cpuid){.revision = 1, .asids = 32768, .features = ~0u};
}

void fake_processor(struct svm_cpuid c)
{
	char why[200];

	assert_int_equal(svm_caps_resolve(&c, &svm_caps, &virt_caps, why, sizeof(why)), 0);
}

int fake_setup(void **state)
{
	(void)state;
	memset(&fake_vmcb, 0, sizeof(fake_vmcb));
	memset(&fake_x, 0, sizeof(fake_x));
	memset(&fake_v, 0, sizeof(fake_v));
	fake_processor(fake_cpuid_tcg());
	fake_own = (struct svm_vm){.vcpus = &fake_x};
	fake_vm = (struct virt_vm){.backend = &fake_own};
	fake_x.vmcb = &fake_vmcb;
	fake_x.tpr = &fake_x.own_tpr;
	fake_x.loaded = true;
	fake_v.backend = &fake_x;
	fake_v.vm = &fake_vm;
	fake_v.fast = &fake_fast;
	fake_kicks = fake_fast_calls = 0;
	fake_length = 2;
	fake_fast_does = fake_attended = true;
	memset(&percpu(svm_cpu), 0, sizeof(percpu(svm_cpu)));
	percpu(svm_cpu).asid_next = svm_caps.asids;
	percpu(svm_cpu).asid_generation = 1;
	return 0;
}

/* --- what the files under test call ------------------------------------------------------- */

const struct virt_ops *virt;
struct virt_caps virt_caps;
PERCPU(struct svm_cpu, svm_cpu);

const struct cpu_features *cpu_features(void)
{
	static const struct cpu_features all = {
	    .max_ext_leaf = 0x80000000, .page_1g = true, .rdtscp = true, .invpcid = true};

	return &all;
}

void lapic_ipi(u32 apic_id, u8 vector)
{
	(void)apic_id;
	(void)vector;
	fake_kicks++;
}

u64 svm_xcr0_get(const struct svm_vcpu *x)
{
	return x->xcr0;
}

void svm_xcr0_set(struct svm_vcpu *x, u64 value)
{
	x->xcr0 = value;
}

u64 svm_tsc_aux_get(const struct svm_vcpu *x)
{
	return x->tsc_aux;
}

void svm_tsc_aux_set(struct svm_vcpu *x, u64 value)
{
	x->tsc_aux = value;
}

void virt_spec_set(struct virt_spec *s, u64 value)
{
	s->guest = (u32)value;
}

void *pages_alloc(unsigned order)
{
	void *pages = aligned_alloc(PAGE_SIZE, PAGE_SIZE << order);

	return pages ? memset(pages, 0, PAGE_SIZE << order) : NULL;
}

void pages_free(void *pages, unsigned order)
{
	(void)order;
	free(pages);
}
