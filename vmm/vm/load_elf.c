/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/vm/load_elf.h"

#include <string.h>

#include "kernel/lib/err.h"
#include "vmm/vm/load_ram.h"

#define ELF_CLASS_32 1
#define ELF_CLASS_64 2
#define ELF_LITTLE_ENDIAN 1
#define ELF_TYPE_EXEC 2
#define ELF_MACHINE_386 3
#define ELF_MACHINE_X86_64 62
#define ELF_PT_LOAD 1

struct elf_ident {
	u8 magic[4];
	u8 class;
	u8 data;
	u8 unused[10];
	u16 type;
	u16 machine;
	u32 version;
} __packed;

struct elf32_header {
	struct elf_ident ident;
	u32 entry, phoff, shoff, flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
} __packed;

struct elf64_header {
	struct elf_ident ident;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
} __packed;

struct elf32_segment {
	u32 type, offset, vaddr, paddr, filesz, memsz, flags, align;
} __packed;

struct elf64_segment {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
} __packed;

/* Both classes as one. */
struct elf_file {
	bool is_64;
	u64 entry, phoff;
	u32 phnum, phentsize;
};
struct elf_segment {
	u32 type;
	u64 offset, vaddr, paddr, filesz, memsz;
};

static int elf_bad(const struct load_params *p, const char *what)
{
	return trace_err(ERR_INVAL, "vm %s: kernel's ELF file is malformed: %s", p->vm, what);
}

static int header_read(const struct load_params *p, struct elf_file *f)
{
	const struct guest_blob *k = &p->kernel;
	struct elf64_header h64;
	struct elf32_header h32;

	if (k->size < sizeof(h64))
		return elf_bad(p, "too short");
	memcpy(&h64, k->data, sizeof(h64));
	memcpy(&h32, k->data, sizeof(h32));
	if (memcmp(h64.ident.magic, "\177ELF", 4) || h64.ident.data != ELF_LITTLE_ENDIAN)
		return elf_bad(p, "no ELF magic, and the multiboot header gives no addresses");
	f->is_64 = h64.ident.class == ELF_CLASS_64;
	if (!f->is_64 && h64.ident.class != ELF_CLASS_32)
		return elf_bad(p, "unknown class");
	if (h64.ident.type != ELF_TYPE_EXEC)
		return trace_err(ERR_UNSUPPORTED,
				 "vm %s: kernel's ELF file is no executable: link it statically",
				 p->vm);
	if (h64.ident.machine != ELF_MACHINE_386 && h64.ident.machine != ELF_MACHINE_X86_64)
		return trace_err(ERR_UNSUPPORTED, "vm %s: kernel is not for x86 (machine %u)",
				 p->vm, h64.ident.machine);
	f->entry = f->is_64 ? h64.entry : h32.entry;
	f->phoff = f->is_64 ? h64.phoff : h32.phoff;
	f->phnum = f->is_64 ? h64.phnum : h32.phnum;
	f->phentsize = f->is_64 ? h64.phentsize : h32.phentsize;
	if (f->phentsize < (f->is_64 ? sizeof(struct elf64_segment) : sizeof(struct elf32_segment)))
		return elf_bad(p, "program header entries are too small");
	if (f->phoff > k->size || (u64)f->phnum * f->phentsize > k->size - f->phoff)
		return elf_bad(p, "program headers lie outside of the file");
	return 0;
}

static void segment_get(const struct load_params *p, const struct elf_file *f, u32 index,
			struct elf_segment *s)
{
	const u8 *at = (const u8 *)p->kernel.data + f->phoff + (u64)index * f->phentsize;

	if (f->is_64) {
		struct elf64_segment e;

		memcpy(&e, at, sizeof(e));
		*s = (struct elf_segment){e.type, e.offset, e.vaddr, e.paddr, e.filesz, e.memsz};
	} else {
		struct elf32_segment e;

		memcpy(&e, at, sizeof(e));
		*s = (struct elf_segment){e.type, e.offset, e.vaddr, e.paddr, e.filesz, e.memsz};
	}
}

int load_segment(const struct load_params *p, const struct guest_blob *file, u64 gpa, u64 mem_size,
		 struct load_extent *out)
{
	if (!mem_size)
		return 0;
	if (file->size > mem_size)
		return elf_bad(p, "a segment's size in the file exceeds that in memory");
	if (gpa >= GIB(4) || mem_size > GIB(4) - gpa || !load_is_ram(p, gpa, mem_size))
		return trace_err(ERR_RANGE,
				 "vm %s: kernel wants %llu bytes at 0x%llx, where it has no RAM: "
				 "raise memory-mib or link the kernel lower",
				 p->vm, (unsigned long long)mem_size, (unsigned long long)gpa);
	if (gpa < LOAD_LOW_END && gpa + mem_size > LOAD_LOW_START)
		return trace_err(ERR_RANGE,
				 "vm %s: kernel wants to lie at 0x%llx, where its boot information "
				 "is: link it at 1 MiB or above",
				 p->vm, (unsigned long long)gpa);
	out->start = MIN(out->start, gpa);
	out->end = MAX(out->end, gpa + mem_size);
	return load_copy(p, gpa, file, mem_size);
}

static int segment_load(const struct load_params *p, const struct elf_segment *s,
			struct load_extent *out)
{
	const struct guest_blob *k = &p->kernel;
	struct guest_blob part;

	if (s->offset > k->size || s->filesz > k->size - s->offset)
		return elf_bad(p, "a segment lies outside of the file");
	part.data = (const u8 *)k->data + s->offset;
	part.size = s->filesz;
	return load_segment(p, &part, s->paddr, s->memsz, out);
}

/* Physical address of the entry point, if it is in this segment. */
static bool entry_in(const struct elf_segment *s, u64 entry, u64 *phys)
{
	if (entry - s->vaddr < s->memsz)
		*phys = entry - s->vaddr + s->paddr;
	else if (entry - s->paddr < s->memsz)
		*phys = entry;
	else
		return false;
	return true;
}

int load_elf(const struct load_params *p, struct load_extent *out)
{
	struct elf_file f;
	struct elf_segment s;
	bool entered = false;
	int err = header_read(p, &f);

	*out = (struct load_extent){.start = ~0ull};
	for (u32 i = 0; !err && i < f.phnum; i++) {
		segment_get(p, &f, i, &s);
		if (s.type != ELF_PT_LOAD || !s.memsz)
			continue;
		err = segment_load(p, &s, out);
		entered = entered || entry_in(&s, f.entry, &out->entry);
	}
	if (!err && !entered)
		err = elf_bad(p, "the entry point is in no segment");
	return err;
}
