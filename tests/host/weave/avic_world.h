/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine with AVIC and a VM on it: two processors with three vCPUs, and a third one that posts
 * devices' interrupts. The vCPUs' run loop, local APICs and back end are the real ones. */
#ifndef TESTS_HOST_WEAVE_AVIC_WORLD_H
#define TESTS_HOST_WEAVE_AVIC_WORLD_H

#include "arch/x86/svm/svm.h"
#include "tests/host/weave/weave.h"
#include "vmm/exit/exit.h"
#include "vmm/vdev/platform.h"

#define WORLD_CPUS 3
#define WORLD_VCPUS 3
#define WORLD_XAPIC 2 /* this vCPU stays in xAPIC mode, without AVIC */

/* A processor, as hardware. */
struct world_cpu {
	struct cpu cpu;
	bool intr;           /* an interrupt of the machine is pending */
	bool doorbell;       /* rung, and not yet dealt with */
	struct guest *guest; /* in guest mode */
	struct vcpu *current;
	bool idle;
};

/* A virtual processor, as what runs on it. */
struct guest {
	struct vcpu *v;
	struct svm_vcpu x;
	struct vmcb vmcb __aligned(PAGE_SIZE);
	u8 xsave[64];
	u64 seen[4]; /* what hardware knows of IRR: it looks only when it has to */
	/* Vectors on their way here, set before they are sent, and cleared when they are taken. */
	bool wanted[256];
	u64 taken[256], eois[256];
};

struct world {
	struct world_cpu cpu[WORLD_CPUS];
	struct guest guest[WORLD_VCPUS];
	struct vm vm;
	struct vcpu *vcpus[WORLD_VCPUS];
	struct vlapic *lapics[WORLD_VCPUS];
	bool draining; /* nothing new is begun any more */
	bool stopped;
	u64 ipis, doorbells, exits_ipi, exits_eoi, windows, blocks, off;
	const char *wrong; /* what must not be */
};
extern struct world world;

static inline struct world_cpu *world_this(void)
{
	return &world.cpu[weave_self()];
}

/* avic_hardware.c: struct virt_ops.enter. */
void hardware_enter(struct virt_vcpu *vv, struct virt_exit *exit);
void hardware_doorbell(u64 apic_id);

/* avic_world.c: the VM anew, all vCPUs ready to run; what a processor does; end of all. */
enum world_kind {
	WORLD_AVIC,
	WORLD_NO_DOORBELL, /* AVIC, but what software posts comes by interrupt */
	WORLD_SOFTWARE     /* a processor without AVIC */
};
void world_begin(u64 seed, enum world_kind kind);
void world_processor(void *arg);
/* Everybody rests: then nothing may be left over. */
bool world_rests(void);
void world_end(void);
void world_fail(const char *what);

#endif
