/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks what a Multiboot kernel is promised: magic, command line, memory map, modules. */
#include "tests/guest/lib/guest.h"

static u32 sum(const u8 *p, const u8 *end)
{
	u32 total = 0;

	for (; p < end; p++)
		total = total * 31 + *p;
	return total;
}

void guest_main(void)
{
	const struct multiboot_info *info = multiboot_info();
	const struct multiboot_module *m = (const void *)(u64)info->mods_addr;

	print_line("HELLO magic-right", boot_magic == MULTIBOOT_BOOT_MAGIC);
	print("HELLO cmdline ");
	print((const char *)(u64)info->cmdline);
	print("\n");
	print_line("HELLO mem-upper-kib", info->mem_upper);
	print_line("HELLO mmap-there", (info->flags >> 6 & 1) && info->mmap_length);
	for (u32 i = 0; i < info->mods_count; i++, m++) {
		print("HELLO module ");
		print((const char *)(u64)m->string);
		print_line(" size", m->end - m->start);
		print_line("HELLO module-aligned", !(m->start & 0xfff));
		print_line("HELLO module-sum",
			   sum((const u8 *)(u64)m->start, (const u8 *)(u64)m->end));
	}
	print("HELLO done\n");
}
