/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration: one device tree (Devicetree Specification 0.4, 5: flattened
 * format), described in docs/guide/configuration.md. The same code reads it at
 * boot and in the host tool hanok-check.
 *
 * Every mistake is reported once, with the node's full path, the property and a
 * remedy. A mistake inside a VM's node refuses that VM, and only that one.
 */
#ifndef VMM_VM_CONFIG_H
#define VMM_VM_CONFIG_H

#include "kernel/lib/klog.h"
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"
#include "vmm/vm/config_net.h"
#include "vmm/vm/config_pass.h"

#define CONFIG_CPUS_MIN 1
#define CONFIG_CPUS_MAX 8

/* What the reader cannot know from the tree. */
struct config_facts {
	/* RAM that guests may have in all, in MiB; 0: unknown, not checked. */
	u64 memory_mib;
	/* Any number that is this machine's own: MAC addresses are derived from it. */
	u64 machine;
	/* Processors; 0: unknown, not checked. */
	u32 cpus;
	/* Is a file of this name there? NULL: not checked. */
	bool (*file_present)(void *ctx, const char *name);
	void *ctx;
};

/* One mistake. The strings live until the callback returns. */
struct config_problem {
	const char *node;     /* full path, "/" for the tree as a whole */
	const char *property; /* NULL when it is about the node */
	const char *what;     /* what is wrong */
	const char *remedy;   /* what to do */
};

struct config_report {
	void (*problem)(void *ctx, const struct config_problem *problem);
	void *ctx;
};

/* What happens when a guest crashes, for instance by a triple fault. */
enum config_on_crash { CONFIG_CRASH_STOP, CONFIG_CRASH_RESET };

/* Parts of the paravirtual interface that can be hidden from a guest, for comparison. */
enum config_paravirt {
	CONFIG_PV_UNHALT, /* halting spinlocks and the kick */
	CONFIG_PV_STEAL_TIME,
	CONFIG_PV_EOI,
	CONFIG_PV_IPI,
	CONFIG_PV_TLB_FLUSH,
	CONFIG_PV_YIELD,
	CONFIG_PV_ALL
};

struct config_module {
	char *file;
	char *args; /* its command line without the file's name, "" for none */
};

/* Processors that `pin` can name. */
#define CONFIG_PIN_MAX 256

/* What a VM gets of the processors. */
struct config_sched {
	u32 weight;      /* 1..SCHED_WEIGHT_MAX */
	u32 cap_percent; /* of one processor, for all vCPUs together; 0: no cap */
	u32 reserve_us;  /* of every period_us, for each vCPU; 0: nothing */
	u32 period_us;
	u64 pin[CONFIG_PIN_MAX / 64]; /* a bit for each processor; none: all of them */
};

struct vm_config {
	struct list link; /* in struct config, in the order of the tree */
	char *name;       /* unique; letters, digits, '-', '_', '.'; a letter or digit first */
	u32 memory_mib;
	u32 cpus;       /* CONFIG_CPUS_MIN..CONFIG_CPUS_MAX */
	char *kernel;   /* file name, never NULL or empty */
	char *initrd;   /* file name, or NULL */
	char *bootargs; /* never NULL */
	struct config_module *modules;
	u32 module_count;
	struct list passes; /* struct config_pass, in the order of the tree */
	enum config_iommu_page iommu_page;
	struct list nics; /* struct config_nic, in the order of the tree */
	bool autostart;
	struct config_sched sched;
	enum config_on_crash on_crash;
	u32 paravirt_off; /* bits 1 << CONFIG_PV_*, without CONFIG_PV_ALL */
	bool pause_exit;  /* a vCPU that spins lets siblings run, where the processor tells */
};

enum config_console_kind {
	CONFIG_CONSOLE_AUTO, /* not set: what the firmware says */
	CONFIG_CONSOLE_PORT, /* 16550 at I/O port base */
	CONFIG_CONSOLE_MMIO, /* 16550 at physical address base */
};

struct config_console {
	enum config_console_kind kind;
	u64 base;
	u32 reg_shift; /* MMIO: distance of registers is 1 << reg_shift bytes, 0..2 */
	u32 clock_hz;  /* input clock of the baud-rate generator */
	u32 baud;      /* 0: not set, keep the firmware's or 115200 */
	enum klog_level level;
	bool follow; /* show guest lines on the console when none is attached */
};

/* What of the processor's offers is used. */
struct config_processor {
	bool posted_interrupts;
	bool interrupt_delivery; /* false: neither */
};

struct config {
	struct list vms;      /* struct vm_config: those without a mistake */
	struct list switches; /* struct config_switch: likewise */
	struct config_console console;
	struct config_processor processor;
	u32 problems; /* mistakes reported */
	u32 refused;  /* VMs refused because of them */
};

/*
 * Read the tree of at most len bytes at blob into cfg. Always leaves cfg valid
 * (config_free() may be called), with whatever could be understood.
 *
 * Returns 0, also when VMs were refused (see cfg->problems); ERR_INVAL when the
 * blob is no device tree of ours at all, ERR_NOMEM. facts may be NULL.
 */
int config_read(struct config *cfg, const void *blob, size_t len, const struct config_facts *facts,
		const struct config_report *report) __must_check;

/*
 * Only the console's choice, without heap, for use before there is one. Mistakes
 * are not reported here (config_read() does): a property with a mistake has its
 * default. A blob that is no tree gives all defaults.
 */
void config_read_console(struct config_console *console, const void *blob, size_t len);

/* Free all that config_read() allocated; cfg is empty afterwards. */
void config_free(struct config *cfg);

/* The switch of that name, or NULL. */
struct config_switch *config_find_switch(const struct config *cfg, const char *name);

/* A port forward as the configuration has it, "tcp:8080:web:80"; also for the shell. False: it is
 * none, or there is no memory. out->target is to be freed. */
bool config_parse_forward(const char *text, struct config_forward *out);

/* The VM of that name, or NULL. */
struct vm_config *config_find_vm(const struct config *cfg, const char *name);

#endif
