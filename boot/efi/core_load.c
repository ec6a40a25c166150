/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/efi/elf.h"
#include "boot/efi/loader.h"
#include "boot/efi/memory.h"
#include "boot/efi/print.h"

extern const u8 core_image[];
extern const u64 core_image_size;

EFI_STATUS core_load(struct loader *l)
{
	const char *why = "";

	if (core_elf_check(core_image, core_image_size, &l->layout, &why)) {
		print_line("hanok: the core inside this file is damaged (%s): copy it again", why);
		return EFI_LOAD_ERROR;
	}
	l->core.size = l->layout.span;
	l->core.phys = memory_pages(l->core.size, HANDOFF_CORE_ALIGN, GIB(4));
	if (!l->core.phys) {
		print_line("hanok: no %lu KiB of memory below 4 GiB for the core: "
			   "free some in the firmware's setup",
			   l->core.size >> 10);
		return EFI_OUT_OF_RESOURCES;
	}
	core_elf_place(core_image, &l->layout, (void *)l->core.phys);
	l->trampoline_phys = memory_pages(PAGE_SIZE, PAGE_SIZE, MIB(1));
	if (!l->trampoline_phys)
		print_line("hanok: no free page below 1 MiB: only one processor will run. "
			   "Disable legacy (CSM) support in the firmware's setup");
	return EFI_SUCCESS;
}
