/* SPDX-License-Identifier: BSD-2-Clause */
/* The state after RESET or INIT (APM vol. 2, table 14-1). */
#include <string.h>

#include "arch/x86/cpu/xsave.h"
#include "arch/x86/svm/ops.h"
#include "arch/x86/svm/svm.h"

void svm_vcpu_reset(struct virt_vcpu *v, bool init)
{
	struct svm_vcpu *x = svm_of(v);
	bool loaded = x->loaded;

	/* Off the processor all state is in memory. */
	if (loaded)
		svm_unload(v);
	memset(x->dr, 0, sizeof(x->dr));
	if (!init)
		xsave_area_init(x->xsave);
	x->vmcb->event_inj = 0;
	x->vmcb->interrupt_state = 0;
	x->vmcb->debugctl = 0;
	x->irq_window = false;
	x->tpr_threshold = 0;
	svm_nmi_reset(x);
	svm_virq_update(x);
	virt_reset_registers(v, &svm_ops, init);
	x->vmcb->clean = 0;
	x->todo = TODO_FLUSH | TODO_ASID;
	if (loaded)
		svm_load(v);
}
