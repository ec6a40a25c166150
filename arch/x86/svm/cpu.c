/* SPDX-License-Identifier: BSD-2-Clause */
/* SVM on and off, per processor (APM vol. 2, 15.4 and 15.30). */
#include <string.h>

#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/features.h"
#include "arch/x86/mm/direct.h"
#include "arch/x86/mm/pages.h"
#include "arch/x86/svm/svm.h"

PERCPU(struct svm_cpu, svm_cpu);

bool svm_present(void)
{
	return cpu_features()->svm;
}

/* Emulators may lack the register: then nothing forbids SVM. */
static u64 vm_cr_read(void)
{
	u64 value;

	return rdmsr_safe(MSR_VM_CR, &value) ? 0 : value;
}

int svm_check(struct virt_caps *caps, char *why, size_t size)
{
	struct svm_cpuid c;
	int err;

	svm_cpuid_read(&c);
	err = svm_vm_cr_check(vm_cr_read(), &c, why, size);
	if (!err)
		err = svm_caps_resolve(&c, &svm_caps, caps, why, size);
	caps->spec_ctrl = !err && cpu_mitigations()->spec_ctrl;
	return err;
}

/* A VMCB must mean the same on every processor. */
static int same_as_boot_cpu(void)
{
	struct svm_cpuid c;
	char why[160];
	int err;

	svm_cpuid_read(&c);
	if (memcmp(&c, &svm_caps.cpuid, sizeof(c)))
		return trace_err(ERR_UNSUPPORTED,
				 "cpu %u: its AMD-V differs from the boot processor's; update the "
				 "firmware or disable this processor there",
				 cpu_id());
	err = svm_vm_cr_check(vm_cr_read(), &c, why, sizeof(why));
	return err ? trace_err(err, "cpu %u: %s", cpu_id(), why) : ERR_OK;
}

static int pages_get(struct svm_cpu *c)
{
	if (!c->hsave)
		c->hsave = pages_alloc(0);
	if (!c->host)
		c->host = pages_alloc(0);
	if (c->hsave && c->host)
		return ERR_OK;
	return trace_err(ERR_NOMEM, "cpu %u: no pages for the host's state", cpu_id());
}

int svm_cpu_on(void)
{
	struct svm_cpu *c = &percpu(svm_cpu);
	int err;

	if (c->on)
		return ERR_OK;
	err = same_as_boot_cpu();
	if (!err)
		err = pages_get(c);
	if (err)
		return err;
	wrmsr(MSR_IA32_EFER, rdmsr(MSR_IA32_EFER) | EFER_SVME);
	wrmsr(MSR_VM_HSAVE_PA, virt_to_hpa(c->hsave).v);
	/* What VMRUN does not save never changes again: FS and GS base, TR, LDTR. */
	vmsave(virt_to_hpa(c->host));
	c->on = true;
	/* All numbers count as used: the first entry starts a generation and with that drops
	 * what an earlier owner of the machine left in the TLB. */
	c->asid_generation++;
	c->asid_next = svm_caps.asids;
	svm_hardware_read(c);
	return ERR_OK;
}

void svm_cpu_off(void)
{
	struct svm_cpu *c = &percpu(svm_cpu);

	if (!c->on)
		return;
	c->current = NULL;
	wrmsr(MSR_VM_HSAVE_PA, 0);
	wrmsr(MSR_IA32_EFER, rdmsr(MSR_IA32_EFER) & ~EFER_SVME);
	c->on = false;
}
