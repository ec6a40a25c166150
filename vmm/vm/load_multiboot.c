/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/vm/load_multiboot.h"

#include <string.h>

#include "kernel/lib/err.h"
#include "vmm/vm/load_elf.h"
#include "vmm/vm/load_ram.h"

#define MB_SEARCH 8192
#define MB_HEADER_MAGIC 0x1badb002
#define MB_EAX_MAGIC 0x2badb002

/* Header flags: bits 0 to 15 are requirements (Multiboot 0.6.96, 3.1.2). */
#define MB_FLAG_ALIGN_MODULES BIT(0) /* always done */
#define MB_FLAG_MEMORY BIT(1)        /* always given */
#define MB_FLAG_VIDEO BIT(2)         /* there is no video: the information says so */
#define MB_FLAG_ADDRESSES BIT(16)
#define MB_FLAGS_REQUIRED 0xffff
#define MB_FLAGS_KNOWN (MB_FLAG_ALIGN_MODULES | MB_FLAG_MEMORY | MB_FLAG_VIDEO)

struct mb_header {
	u32 magic, flags, checksum;
	u32 header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr;
} __packed;
#define MB_HEADER_MIN 12

/* Boot information (3.3). */
#define MB_INFO_MEMORY BIT(0)
#define MB_INFO_CMDLINE BIT(2)
#define MB_INFO_MODULES BIT(3)
#define MB_INFO_MMAP BIT(6)
#define MB_INFO_LOADER_NAME BIT(9)
struct mb_info {
	u32 flags;
	u32 mem_lower, mem_upper; /* KiB from 0 and from 1 MiB on */
	u32 boot_device;
	u32 cmdline;
	u32 mods_count, mods_addr;
	u32 syms[4];
	u32 mmap_length, mmap_addr;
	u32 drives_length, drives_addr;
	u32 config_table;
	u32 boot_loader_name;
	u32 apm_table;
} __packed;
struct mb_module {
	u32 start, end, string, reserved;
} __packed;
struct mb_mmap {
	u32 size; /* of the rest */
	struct e820_entry entry;
} __packed;

/* Find the header; *at is its offset. A header without address fields may end
 * right at the end of the file: the rest of *h is zero. */
static bool header_find(const struct guest_blob *k, struct mb_header *h, u64 *at)
{
	u64 limit = MIN(k->size, (u64)MB_SEARCH);

	for (*at = 0; *at + MB_HEADER_MIN <= limit; *at += 4) {
		u32 magic;

		__builtin_memcpy(&magic, (const u8 *)k->data + *at, sizeof(magic));
		if (likely(magic != MB_HEADER_MAGIC))
			continue;
		memset(h, 0, sizeof(*h));
		memcpy(h, (const u8 *)k->data + *at, MIN(k->size - *at, sizeof(*h)));
		if (h->magic + h->flags + h->checksum == 0)
			return true;
	}
	return false;
}

bool load_multiboot_probe(const struct guest_blob *kernel)
{
	struct mb_header h;
	u64 at;

	return header_find(kernel, &h, &at);
}

/* A flat image described by the header's address fields (3.1.3). */
static int flat_load(const struct load_params *p, const struct mb_header *h, u64 at,
		     struct load_extent *out)
{
	const struct guest_blob *k = &p->kernel;
	u64 offset = at - ((u64)h->header_addr - h->load_addr);
	struct guest_blob part;
	u64 mem_size;

	*out = (struct load_extent){.start = ~0ull, .entry = h->entry_addr};
	if (h->header_addr < h->load_addr || (u64)h->header_addr - h->load_addr > at)
		return trace_err(ERR_INVAL, "vm %s: multiboot header's addresses are malformed",
				 p->vm);
	part.data = (const u8 *)k->data + offset;
	part.size = k->size - offset;
	if (h->load_end_addr) {
		if (h->load_end_addr < h->load_addr || h->load_end_addr - h->load_addr > part.size)
			return trace_err(ERR_INVAL,
					 "vm %s: kernel's file is shorter than its multiboot "
					 "header says: copy it again",
					 p->vm);
		part.size = h->load_end_addr - h->load_addr;
	}
	mem_size = part.size;
	if (h->bss_end_addr && (u64)h->bss_end_addr > h->load_addr + part.size)
		mem_size = h->bss_end_addr - h->load_addr;
	if (h->entry_addr < h->load_addr || h->entry_addr - h->load_addr >= mem_size)
		return trace_err(ERR_INVAL, "vm %s: kernel's entry point lies outside of it",
				 p->vm);
	return load_segment(p, &part, h->load_addr, mem_size, out);
}

static int kernel_load(const struct load_params *p, struct load_extent *out)
{
	struct mb_header h;
	u64 at;

	if (!header_find(&p->kernel, &h, &at))
		return trace_err(ERR_INVAL, "vm %s: kernel has no multiboot header", p->vm);
	if (h.flags & MB_FLAGS_REQUIRED & ~MB_FLAGS_KNOWN)
		return trace_err(ERR_UNSUPPORTED,
				 "vm %s: kernel requires multiboot features 0x%x that there are "
				 "not",
				 p->vm, (u32)(h.flags & MB_FLAGS_REQUIRED & ~MB_FLAGS_KNOWN));
	if (h.flags & MB_FLAG_ADDRESSES)
		return flat_load(p, &h, at, out);
	return load_elf(p, out);
}

/* Modules in the order the guest sees them: the initrd comes first. */
static u32 module_count(const struct load_params *p)
{
	return p->module_count + (p->initrd.size ? 1 : 0);
}

static struct guest_module module_get(const struct load_params *p, u32 i)
{
	if (!p->initrd.size)
		return p->modules[i];
	if (i)
		return p->modules[i - 1];
	return (struct guest_module){.blob = p->initrd, .name = "initrd", .args = ""};
}

static int modules_place(const struct load_params *p, const struct load_extent *kernel, u64 *gpa)
{
	struct load_place want = {
	    .align = PAGE_SIZE,
	    .min = MIB(1),
	    .limit = GIB(4),
	    .avoid_start = kernel->start,
	    .avoid_end = kernel->end,
	};

	for (u32 i = 0; i < module_count(p); i++) {
		u64 size = MIN(module_get(p, i).blob.size, GIB(4));

		want.size += ALIGN_UP(size, PAGE_SIZE);
	}
	*gpa = MIB(1);
	if (!want.size || !load_find(p, &want, gpa))
		return 0;
	return trace_err(ERR_RANGE,
			 "vm %s: modules of together %llu KiB do not fit beside the kernel: "
			 "raise memory-mib",
			 p->vm, (unsigned long long)(want.size / 1024));
}

/* "name args", as boot loaders hand it over. */
static u32 module_string(struct load_low *low, const struct guest_module *m)
{
	size_t name_len = strlen(m->name), args_len = strlen(m->args);
	u64 gpa;
	char *s = load_low_alloc(low, name_len + 1 + args_len + 1, 1, &gpa);

	if (!s)
		return 0;
	memcpy(s, m->name, name_len);
	if (args_len) {
		s[name_len] = ' ';
		memcpy(s + name_len + 1, m->args, args_len);
	}
	return (u32)gpa;
}

static int modules_load(struct load_low *low, const struct load_extent *kernel,
			struct mb_info *info)
{
	const struct load_params *p = low->params;
	u32 count = module_count(p);
	struct mb_module *list;
	u64 gpa, list_gpa;
	int err = modules_place(p, kernel, &gpa);

	if (err || !count)
		return err;
	list = load_low_alloc(low, (u64)count * sizeof(*list), 16, &list_gpa);
	if (!list)
		return ERR_RANGE;
	for (u32 i = 0; !err && i < count; i++) {
		struct guest_module m = module_get(p, i);

		list[i].start = (u32)gpa;
		list[i].end = (u32)(gpa + m.blob.size);
		list[i].string = module_string(low, &m);
		if (!list[i].string)
			return ERR_RANGE;
		err = load_copy(p, gpa, &m.blob, m.blob.size);
		gpa += ALIGN_UP(m.blob.size, PAGE_SIZE);
	}
	info->flags |= MB_INFO_MODULES;
	info->mods_count = count;
	info->mods_addr = (u32)list_gpa;
	return err;
}

/* KiB of RAM from start on, at most up to end. */
static u32 ram_kib(const struct load_params *p, u64 start, u64 end)
{
	u64 from = start;

	for (u32 i = 0; i < p->e820_count; i++) {
		const struct e820_entry *e = &p->e820[i];

		if (e->type == E820_RAM && from >= e->addr && from - e->addr < e->size)
			from = e->addr + e->size;
	}
	return (u32)((MIN(from, end) - start) / 1024);
}

static int info_memory(struct load_low *low, struct mb_info *info)
{
	const struct load_params *p = low->params;
	struct mb_mmap *map;
	u64 gpa;

	map = load_low_alloc(low, (u64)p->e820_count * sizeof(*map) + 1, 16, &gpa);
	if (!map)
		return ERR_RANGE;
	for (u32 i = 0; i < p->e820_count; i++) {
		map[i].size = sizeof(map[i].entry);
		map[i].entry = p->e820[i];
	}
	info->mmap_addr = (u32)gpa;
	info->mmap_length = (u32)(p->e820_count * sizeof(*map));
	info->mem_lower = ram_kib(p, 0, KIB(640));
	info->mem_upper = ram_kib(p, MIB(1), GIB(4));
	info->flags |= MB_INFO_MEMORY | MB_INFO_MMAP;
	return 0;
}

static int info_make(struct load_low *low, const struct load_extent *kernel, u64 *gpa)
{
	struct mb_info *info = load_low_alloc(low, sizeof(*info), 16, gpa);
	int err;

	if (!info)
		return ERR_RANGE;
	err = info_memory(low, info);
	if (!err)
		err = modules_load(low, kernel, info);
	if (err)
		return err;
	info->cmdline = (u32)load_low_string(low, low->params->cmdline);
	info->boot_loader_name = (u32)load_low_string(low, "Hanok");
	if (!info->cmdline || !info->boot_loader_name)
		return ERR_RANGE;
	info->flags |= MB_INFO_CMDLINE | MB_INFO_LOADER_NAME;
	return 0;
}

int load_multiboot(const struct load_params *p, struct boot_state *state)
{
	struct load_extent kernel;
	struct load_low low;
	int err = kernel_load(p, &kernel);

	if (err)
		return err;
	load_low_init(&low, p);
	err = load_state_protected32(&low, state);
	if (!err)
		err = info_make(&low, &kernel, &state->rbx);
	state->rip = kernel.entry;
	state->rax = MB_EAX_MAGIC;
	return err;
}
