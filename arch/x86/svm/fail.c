/* SPDX-License-Identifier: BSD-2-Clause */
/* VMCBs that the processor refuses (APM vol. 2, 15.5.1): never the hypervisor's end, only the
 * guest's. The log gets what is needed to find out why. */
#include "arch/x86/svm/svm.h"

struct field_name {
	u16 offset, size;
	const char *name;
};
#define FIELD(field, text)                                                            \
	{                                                                             \
		offsetof(struct vmcb, field), sizeof(((struct vmcb *)0)->field), text \
	}
static const struct field_name fields[] = {
    FIELD(rip, "RIP"),
    FIELD(rsp, "RSP"),
    FIELD(rflags, "RFLAGS"),
    FIELD(cr0, "CR0"),
    FIELD(cr3, "CR3"),
    FIELD(cr4, "CR4"),
    FIELD(efer, "EFER"),
    FIELD(dr6, "DR6"),
    FIELD(dr7, "DR7"),
    FIELD(pat, "PAT"),
    FIELD(cpl, "CPL"),
    FIELD(asid, "ASID"),
    FIELD(tlb_control, "TLB control"),
    FIELD(nested_control, "nested control"),
    FIELD(nested_cr3, "nested CR3"),
    FIELD(event_inj, "event"),
    FIELD(interrupt_state, "interrupt state"),
    FIELD(virq_flags, "virtual interrupt"),
    FIELD(virq_control, "virtual APIC"),
    FIELD(avic_page, "APIC page"),
    FIELD(avic_physical, "APIC IDs"),
    FIELD(io_map, "I/O map"),
    FIELD(msr_map, "MSR map"),
    FIELD(intercepts[0], "intercepts"),
    FIELD(intercepts[1], "intercepts"),
    FIELD(clean, "clean"),
};

static unsigned long long field_value(const struct vmcb *b, const struct field_name *f)
{
	u64 value = 0;

	__builtin_memcpy(&value, (const char *)b + f->offset, f->size);
	return value;
}

static void segments_log(const struct vmcb *b)
{
	static const char *const names[] = {"ES", "CS",   "SS",   "DS",   "FS",
					    "GS", "GDTR", "LDTR", "IDTR", "TR"};
	const struct vmcb_seg *s = &b->es;

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		log_err("  %-4s %04x base %016llx limit %08x attrib %03x", names[i], s[i].selector,
			(unsigned long long)s[i].base, s[i].limit, s[i].attrib);
}

void svm_entry_failed(struct virt_vcpu *v, struct svm_vcpu *x, struct virt_exit *exit)
{
	const struct vmcb *b = x->vmcb;

	(void)v;
	exit->raw.reason = b->exit_code;
	exit->raw.detail = b->exit_info1;
	log_err("VMRUN refused: %s (exit code %#llx)", svm_exit_name(b->exit_code),
		(unsigned long long)b->exit_code);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		log_err("  %-17s %016llx", fields[i].name, field_value(b, &fields[i]));
	segments_log(b);
	x->vmcb->clean = 0;
}
