/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all guest loaders share: how they reach guest memory, what they are given
 * and the state of virtual CPU 0 that they ask for.
 *
 * Loaders are pure functions of their input: they touch nothing but guest memory
 * through the accessor, and check every address of an image against it. Images
 * are foreign bytes.
 */
#ifndef VMM_VM_LOAD_H
#define VMM_VM_LOAD_H

#include "arch/x86/virt.h"
#include "kernel/lib/types.h"

/* Guest memory. */
struct guest_mem_ops {
	/* Host address of guest-physical [gpa, gpa + len), len > 0, or NULL unless all
	 * of it is RAM of this guest and contiguous for the host. */
	void *(*map)(void *ctx, gpa_t gpa, u64 len);
};
struct guest_mem {
	const struct guest_mem_ops *ops;
	void *ctx;
};

/* ACPI 6.5, 15.2: INT 15h, E820h address range types. */
enum e820_type { E820_RAM = 1, E820_RESERVED = 2, E820_ACPI = 3, E820_NVS = 4 };

struct e820_entry {
	u64 addr;
	u64 size; /* in bytes */
	u32 type; /* enum e820_type */
} __packed;

struct load_copies;

struct guest_blob {
	const void *data;
	u64 size;
};

struct guest_module {
	struct guest_blob blob;
	const char *name; /* file name */
	const char *args; /* "" for none */
};

/*
 * The machine that the image is loaded into. Entries of the memory map ascend,
 * do not overlap, and its RAM is reachable through mem, with the exceptions that
 * the caller has put into other types. Loaders use for themselves the RAM from
 * LOAD_LOW_START to LOAD_LOW_END: page tables, GDT, boot information, command
 * line. Descriptor tables of firmware kind (ACPI) belong elsewhere.
 */
struct load_params {
	struct guest_mem mem;
	const struct e820_entry *e820;
	u32 e820_count;
	struct guest_blob kernel;
	struct guest_blob initrd; /* size 0: none */
	const struct guest_module *modules;
	u32 module_count;
	const char *cmdline; /* never NULL */
	/* What load_image() leaves to be copied, of images that must stay as they are: the guest
	 * runs when that is done. */
	struct load_copies *copies;
	gpa_t rsdp;     /* of the guest's ACPI tables; 0: none */
	const char *vm; /* name, for messages */
};
#define LOAD_LOW_START 0x1000ull
#define LOAD_LOW_END 0x80000ull

enum boot_mode {
	BOOT_MODE_PROTECTED32, /* paging off */
	BOOT_MODE_LONG64,      /* paging on, identity mapped */
};

/* How virtual CPU 0 starts. Interrupts are off, registers not named are zero. */
struct boot_state {
	enum boot_mode mode;
	u64 rip, rsp, rax, rbx, rsi, rflags;
	u64 cr0, cr3, cr4, efer;
	struct virt_seg cs, data, tr, ldtr; /* data: ds, es, ss; fs and gs as well */
	u64 gdt_base, idt_base;
	u32 gdt_limit, idt_limit;
};

enum load_format { LOAD_UNKNOWN, LOAD_BZIMAGE, LOAD_MULTIBOOT };

/* Which format an image has. Multiboot is looked for first: a multiboot header
 * is never there by accident, while any boot sector has 55 AA. */
enum load_format load_identify(const struct guest_blob *kernel);

/*
 * Load any known format.
 * Returns 0 and fills state, or reports and returns ERR_UNSUPPORTED (format or
 * version), ERR_INVAL (malformed image), ERR_RANGE (does not fit into the guest's
 * memory), ERR_FAULT (memory map and guest memory disagree).
 */
int load_image(const struct load_params *params, struct boot_state *state) __must_check;

#endif
