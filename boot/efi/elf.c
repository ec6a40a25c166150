/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/efi/elf.h"

#include <elf.h>
#include <string.h>

#include "boot/handoff/handoff.h"

static int refuse(const char **why, int err, const char *text)
{
	*why = text;
	return err;
}

static Elf64_Phdr phdr_get(const void *image, const Elf64_Ehdr *ehdr, unsigned i)
{
	Elf64_Phdr phdr;

	memcpy(&phdr, (const u8 *)image + ehdr->e_phoff + (u64)i * sizeof(phdr), sizeof(phdr));
	return phdr;
}

static int header_check(const Elf64_Ehdr *e, u64 size, const char **why)
{
	if (memcmp(e->e_ident, ELFMAG, SELFMAG))
		return refuse(why, ERR_INVAL, "no ELF image");
	if (e->e_ident[EI_CLASS] != ELFCLASS64 || e->e_ident[EI_DATA] != ELFDATA2LSB ||
	    e->e_machine != EM_X86_64 || e->e_type != ET_EXEC)
		return refuse(why, ERR_UNSUPPORTED, "no executable for x86-64");
	if (e->e_phentsize != sizeof(Elf64_Phdr))
		return refuse(why, ERR_INVAL, "program headers of a wrong size");
	if (e->e_phoff > size || size - e->e_phoff < (u64)e->e_phnum * sizeof(Elf64_Phdr))
		return refuse(why, ERR_RANGE, "program headers outside of the image");
	return ERR_OK;
}

static int segment_check(const Elf64_Phdr *p, u64 size, u64 from, const char **why)
{
	if (p->p_filesz > p->p_memsz)
		return refuse(why, ERR_INVAL, "a segment with more bytes than memory");
	if (p->p_offset > size || p->p_filesz > size - p->p_offset)
		return refuse(why, ERR_RANGE, "a segment outside of the image");
	if (p->p_vaddr < from)
		return refuse(why, ERR_RANGE, "a segment that overlaps, or below the core's base");
	if (p->p_vaddr - HANDOFF_CORE_VIRT > CORE_SPAN_MAX ||
	    p->p_memsz > CORE_SPAN_MAX - (p->p_vaddr - HANDOFF_CORE_VIRT))
		return refuse(why, ERR_RANGE, "a segment too far up");
	return ERR_OK;
}

static bool segment_loads(const Elf64_Phdr *p)
{
	return p->p_type == PT_LOAD && p->p_memsz;
}

static bool segment_enters(const Elf64_Phdr *p, u64 entry)
{
	return p->p_flags & PF_X && entry >= p->p_vaddr && entry - p->p_vaddr < p->p_filesz;
}

int core_elf_check(const void *image, u64 size, struct core_layout *layout, const char **why)
{
	u64 end = HANDOFF_CORE_VIRT;
	bool enters = false;
	Elf64_Ehdr e;
	int err;

	if (size < sizeof(e))
		return refuse(why, ERR_RANGE, "too short");
	memcpy(&e, image, sizeof(e));
	err = header_check(&e, size, why);
	for (unsigned i = 0; !err && i < e.e_phnum; i++) {
		Elf64_Phdr p = phdr_get(image, &e, i);

		if (!segment_loads(&p))
			continue;
		err = segment_check(&p, size, end, why);
		end = p.p_vaddr + p.p_memsz;
		enters |= segment_enters(&p, e.e_entry);
	}
	if (err)
		return err;
	if (!enters)
		return refuse(why, ERR_INVAL, "no executable segment holds the entry point");
	layout->entry = e.e_entry;
	layout->span = ALIGN_UP(end - HANDOFF_CORE_VIRT, PAGE_SIZE);
	return ERR_OK;
}

void core_elf_place(const void *image, const struct core_layout *layout, void *to)
{
	Elf64_Ehdr e;

	memcpy(&e, image, sizeof(e));
	memset(to, 0, layout->span);
	for (unsigned i = 0; i < e.e_phnum; i++) {
		Elf64_Phdr p = phdr_get(image, &e, i);

		if (segment_loads(&p))
			memcpy((u8 *)to + (p.p_vaddr - HANDOFF_CORE_VIRT),
			       (const u8 *)image + p.p_offset, p.p_filesz);
	}
}
