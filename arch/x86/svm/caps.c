/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/svm/caps.h"

#include <stdio.h>

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/features.h"
#include "arch/x86/svm/vmcb.h"

#define LEAF_SVM 0x8000000a
#define ASIDS_LEAST 2 /* the host's 0, and one */

struct svm_caps svm_caps;

void svm_cpuid_read(struct svm_cpuid *c)
{
	struct cpuid_regs r = {0};

	if (cpu_features()->max_ext_leaf >= LEAF_SVM)
		r = cpuid(LEAF_SVM, 0);
	*c = (struct svm_cpuid){.revision = r.eax & 0xff, .asids = r.ebx, .features = r.edx};
}

/* Why all three: docs/adr/0009. */
static bool avic_usable(u32 features)
{
	const u32 needed = (u32)(SVM_FEATURE_AVIC | SVM_FEATURE_X2AVIC | SVM_FEATURE_VNMI);

	return (features & needed) == needed;
}

/* Not used: virtual GIF and virtual VMSAVE and VMLOAD, which serve hypervisors inside guests; LBR
 * virtualization. */
static void caps_fill(const struct svm_cpuid *c, struct virt_caps *caps)
{
	const struct cpu_features *f = cpu_features();

	*caps = (struct virt_caps){.name = "AMD-V"};
	caps->max_leaf = f->page_1g ? GIB(1) : MIB(2);
	caps->tpr_shadow = true;
	caps->virq_delivery = avic_usable(c->features);
	caps->posted = caps->posted_irr = caps->x2apic_virt = caps->virq_delivery;
	caps->pause_exit = c->features & SVM_FEATURE_PAUSE_FILTER;
	caps->tsc_scaling = c->features & SVM_FEATURE_TSC_RATE;
	caps->decode_assist = c->features & SVM_FEATURE_NRIP;
	caps->asids = c->asids;
	caps->rdtscp = f->rdtscp;
	caps->invpcid = f->invpcid;
}

int svm_caps_resolve(const struct svm_cpuid *c, struct svm_caps *sc, struct virt_caps *caps,
		     char *why, size_t size)
{
	if (!(c->features & SVM_FEATURE_NPT) || c->asids < ASIDS_LEAST) {
		snprintf(why, size,
			 "AMD-V lacks %s (CPUID 8000000A: EBX %#x, EDX %#x): an AMD processor of "
			 "2008 (family 10h) or later is needed, or nested AMD-V from the host",
			 c->features & SVM_FEATURE_NPT ? "ASIDs" : "nested paging", c->asids,
			 c->features);
		return ERR_UNSUPPORTED;
	}
	*sc = (struct svm_caps){
	    .cpuid = *c,
	    .asids = c->asids,
	    .clean = c->features & SVM_FEATURE_CLEAN ? CLEAN_ALL : 0,
	    .avic = avic_usable(c->features),
	    .nrip = c->features & SVM_FEATURE_NRIP,
	    .decode = c->features & SVM_FEATURE_DECODE,
	    .flush_asid = c->features & SVM_FEATURE_FLUSH_ASID,
	    .vnmi = c->features & SVM_FEATURE_VNMI,
	    .pause_threshold = c->features & SVM_FEATURE_PAUSE_THRESHOLD,
	    .spec_ctrl = c->features & SVM_FEATURE_SPEC_CTRL,
	};
	if (sc->clean && sc->avic)
		sc->clean |= (u32)CLEAN_AVIC;
	caps_fill(c, caps);
	return ERR_OK;
}

int svm_vm_cr_check(u64 vm_cr, const struct svm_cpuid *c, char *why, size_t size)
{
	if (!(vm_cr & VM_CR_SVMDIS))
		return ERR_OK;
	snprintf(why, size,
		 "AMD-V is turned off by the firmware (VM_CR %#llx%s): enable \"SVM Mode\" in its "
		 "setup and switch the machine off and on",
		 (unsigned long long)vm_cr,
		 c->features & SVM_FEATURE_LOCK ? ", locked with a key" : "");
	return ERR_UNSUPPORTED;
}
