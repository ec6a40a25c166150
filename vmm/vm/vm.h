/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual machine: its memory, its devices, its vCPUs and its life cycle.
 *
 *	OFF ── start ──> STARTING ──> RUNNING <── resume ── PAUSED
 *	 ^                  ^            │ ── pause ───────────^
 *	 │                  └─ reset ────┤
 *	 └───── stop / power-off ────────┤
 *	CRASHED <──── triple fault ... ──┘   (stop, start and reset leave it)
 *
 * Transitions that need the vCPUs to stand still are asked for with vm_request():
 * every vCPU parks at the top of its run loop, and the last one queues the VM's
 * work item, which completes the transition in bounded slices.
 */
#ifndef VMM_VM_VM_H
#define VMM_VM_VM_H

#include "arch/x86/virt.h"
#include "kernel/console/console.h"
#include "kernel/lib/list.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/work.h"
#include "kernel/sync/ticketlock.h"
#include "vmm/exit/cpuid_policy.h"
#include "vmm/vdev/platform.h"
#include "vmm/vm/config.h"
#include "vmm/vm/load_copies.h"
#include "vmm/vm/memory.h"

struct iommu_domain;
struct vcpu;

enum vm_state { VM_OFF, VM_STARTING, VM_RUNNING, VM_PAUSED, VM_STOPPING, VM_CRASHED };

/* What the VM is to do once all vCPUs are parked. A greater one replaces a smaller one
 * that is not carried out yet. */
enum vm_action {
	VM_ACTION_NONE,
	VM_ACTION_PAUSE,
	VM_ACTION_RESET,
	VM_ACTION_CRASH,
	VM_ACTION_STOP
};

/* How far the work item is in a start: it does a slice of one step per call. */
enum vm_step {
	VM_STEP_DEVICES,
	VM_STEP_DISCARD, /* what is left of an earlier start */
	VM_STEP_CREATE,
	VM_STEP_CLEAR,
	VM_STEP_LOAD,
	VM_STEP_COPY,
	VM_STEP_RUN
};

struct vm {
	struct virt_vm virt;
	const struct vm_config *config;
	const char *name;
	struct list link;

	struct ticketlock lock; /* state, action, working, held */
	enum vm_state state;
	enum vm_action action;
	u32 parked; /* vCPUs that stand still because of action; atomic */
	struct work work;
	bool working; /* a slice of the work item runs */
	u32 held;     /* vm_hold() without vm_release(): no slice may start */
	enum vm_step step;
	enum vm_step after_devices; /* the step that follows VM_STEP_DEVICES */
	u64 cleared;                /* bytes of RAM cleared so far in VM_STEP_CLEAR */
	struct load_copies copies;  /* what is left to do in VM_STEP_COPY */
	bool built;                 /* memory, devices and vCPUs exist */

	struct vm_memory memory;
	struct iommu_domain *dma; /* that its devices reach; NULL: it has none */
	struct platform platform;
	struct cpuid_policy cpuid;
	u32 kvm_features; /* KVM_FEATURE_*: what CPUID tells, and what there is */
	struct vcpu **vcpus;
	u32 cpus;
	bool kicks;      /* its locks halt and kick; atomic, true from the first kick to a reset */
	bool contended;  /* a vCPU of it has spun, or kicked; atomic, until a reset */
	bool pause_exit; /* a vCPU that spins lets siblings run */
	u64 tsc_offset;  /* guest TSC = host TSC + offset, the same for all vCPUs */
	struct config_sched share; /* as configured, or set since by `vm set` */
	struct sched_group sched;  /* weight and cap, of all vCPUs together */
	u64 wall_clock_gpa;

	u64 shown_run, shown_wait; /* ticks of all vCPUs when `top` last showed them */

	struct console_stream console;
	u64 started_tsc, started_ns; /* the same moment: host TSC, and time_now_ns() */
	u32 home_cpu;                /* where its work item starts */
	u32 starts;                  /* times started or reset */
	u64 overhead_bytes;          /* memory spent on it besides its RAM */
	u32 built_parts;             /* see vm_build() */
	char crash[160];             /* why it is in VM_CRASHED, or was; "" if never */
	u32 crash_vcpu;
};

/* One VM per accepted node of the configuration, none started. The configuration stays
 * the caller's and lives as long. ERR_NOMEM. */
int __must_check vm_create_all(const struct config *config);

/* Start those with `autostart`. */
void vm_autostart(void);

/* Find by name, NULL if there is none; and all, in the order of the configuration. */
struct vm *vm_find(const char *name);
struct list *vm_list(void);

const char *vm_state_name(enum vm_state state);

/*
 * From the shell, or from a guest's own doing. Return at once; the transition goes
 * on by itself. ERR_BUSY when the state does not allow it.
 */
int __must_check vm_start(struct vm *vm);
int __must_check vm_resume(struct vm *vm);
int __must_check vm_request(struct vm *vm, enum vm_action action);

/* The guest did something that ends it: logs why, keeps its state for `vm info`, then
 * follows on-crash. Called on the vCPU that did it. */
void vm_crash(struct vm *vm, struct vcpu *vcpu, const char *fmt, ...) __printf(3, 4);

/*
 * Keep the VM as it is built, and its vCPUs parked if they are, while a person looks at it;
 * whatever was asked for meanwhile goes on after vm_release(). False: it is not built, or
 * changes at this moment. Do not wait for other CPUs in between.
 */
bool __must_check vm_hold(struct vm *vm);
void vm_release(struct vm *vm);

/* The vCPU parks: called by its run loop when it has seen the request. */
void vm_vcpu_parked(struct vm *vm);

/* A file that the loader brought along, by its name. Registered by main. */
struct vm_file {
	const char *name;
	const void *data;
	u64 size;
};
void vm_set_files(const struct vm_file *files, u32 count);
const struct vm_file *vm_find_file(const char *name);

/* UTC at time_now_ns() == 0 in nanoseconds since 1970, for guests' RTC and kvmclock. */
void vm_set_wall_clock(u64 ns_at_epoch);
u64 vm_wall_clock(void);

/*
 * Give the vCPUs there are what vm->share says; or another share, which also holds from the
 * next start on. ERR_BUSY, ERR_INVAL with the reason in the log; then the former share
 * stays. The VM is held, or nobody else changes it.
 */
int __must_check vm_sched_apply(struct vm *vm);
int __must_check vm_sched_set(struct vm *vm, const struct config_sched *share);

/* In build.c: the parts of a start, one after the other, and the way back. */
/* A part of it, in some ten thousands of instructions. True: call again; else *err is 0, or says
 * why it failed. */
bool __must_check vm_build(struct vm *vm, int *err);
int __must_check vm_load(struct vm *vm);
void vm_unbuild(struct vm *vm);

/* In platform_host.c. */
extern const struct platform_host_ops vm_platform_host_ops;

#endif
