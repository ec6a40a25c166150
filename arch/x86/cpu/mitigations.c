/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which work-arounds this processor needs. IA32_ARCH_CAPABILITIES says what it
 * is immune to; a processor without that MSR is taken to be affected by
 * what its vendor's old processors were affected by.
 */
#include "arch/x86/cpu/mitigations.h"

#include <stdio.h>

#include "arch/x86/cpu/msr.h"

/* Any of the ways in which buffers leak that VERW clears (MDS, MMIO stale
 * data, register files); TAA is covered, since MDS_NO parts clear as well. */
static bool buffers_leak(u64 caps)
{
	const u64 mmio_no = ARCH_CAP_SBDR_SSDP_NO | ARCH_CAP_FBSDP_NO | ARCH_CAP_PSDP_NO;

	if (!(caps & ARCH_CAP_MDS_NO) || (caps & ARCH_CAP_RFDS_CLEAR))
		return true;
	if ((caps & ARCH_CAP_TSX_CTRL) && !(caps & ARCH_CAP_TAA_NO))
		return true;
	return (caps & ARCH_CAP_FB_CLEAR) && (caps & mmio_no) != mmio_no;
}

static void decide_intel(const struct cpu_features *f, u64 caps, struct cpu_mitigations *out)
{
	bool l1tf = !(caps & (ARCH_CAP_RDCL_NO | ARCH_CAP_SKIP_L1DFL_VMENTRY));

	out->l1d_flush = l1tf && f->l1d_flush;
	out->missing_l1d_flush = l1tf && !f->l1d_flush;
	out->verw = buffers_leak(caps) && f->md_clear;
	out->missing_verw = buffers_leak(caps) && !f->md_clear;
	out->ibrs_always = f->spec_ctrl && (caps & ARCH_CAP_IBRS_ALL);
	out->ibrs_exit = f->spec_ctrl && !out->ibrs_always;
	/* Enhanced IBRS protects the host's returns except for the first ones on
	 * parts with post-barrier RSB behaviour. */
	out->rsb_fill = !out->ibrs_always || !(caps & ARCH_CAP_PBRSB_NO);
}

/* No AMD processor has L1TF or MDS. Where IBRS may stay on it costs nothing at exits. */
static void decide_amd(const struct cpu_features *f, struct cpu_mitigations *out)
{
	out->ibrs_always = f->spec_ctrl && f->ibrs_always_on;
	out->ibrs_exit = f->spec_ctrl && !f->ibrs_always_on;
}

void mitigations_decide(const struct cpu_features *f, u64 arch_capabilities,
			struct cpu_mitigations *out)
{
	*out = (struct cpu_mitigations){
	    .spec_ctrl = f->spec_ctrl || f->stibp || f->ssbd,
	    .ibpb_switch = f->ibpb,
	    .stibp = f->stibp,
	    .rsb_fill = true,
	    .missing_ibrs = !f->spec_ctrl,
	};
	if (f->intel)
		decide_intel(f, arch_capabilities, out);
	else if (f->amd)
		decide_amd(f, out);
	if (out->ibrs_exit || out->ibrs_always)
		out->host_spec_ctrl |= SPEC_CTRL_IBRS;
	if (out->stibp)
		out->host_spec_ctrl |= SPEC_CTRL_STIBP;
}

struct part {
	bool on;
	const char *text;
};

static void describe(char *buf, size_t size, const char *head, const struct part *parts, u32 count)
{
	size_t used = (size_t)snprintf(buf, size, "%s", head);

	for (u32 i = 0; i < count && used < size; i++)
		if (parts[i].on)
			used += (size_t)snprintf(buf + used, size - used, " %s", parts[i].text);
}

void cpu_mitigations_describe(char *buf, size_t size)
{
	const struct cpu_mitigations *m = cpu_mitigations();
	const struct part parts[] = {
	    {m->l1d_flush, "L1D flush"},       {m->verw, "VERW"},        {m->ibrs_exit, "IBRS"},
	    {m->ibrs_always, "enhanced IBRS"}, {m->ibpb_switch, "IBPB"}, {m->stibp, "STIBP"},
	    {m->rsb_fill, "RSB fill"},
	};

	describe(buf, size, "mitigations:", parts, ARRAY_SIZE(parts));
}

void cpu_weaknesses_describe(char *buf, size_t size)
{
	const struct cpu_mitigations *m = cpu_mitigations();
	const struct part parts[] = {
	    {m->missing_l1d_flush, "L1TF"},
	    {m->missing_verw, "MDS"},
	    {m->missing_ibrs, "Spectre-v2"},
	};

	describe(buf, size, "", parts, ARRAY_SIZE(parts));
}
