/* SPDX-License-Identifier: BSD-2-Clause */
/* What the loader reads from outside: the first byte chooses a parser, the rest is its input. */
#include <stdlib.h>
#include <string.h>

#include "boot/efi/dhcp.h"
#include "boot/efi/elf.h"
#include "boot/efi/memmap.h"
#include "boot/efi/names.h"
#include "boot/efi/path.h"
#include "boot/efi/tftp.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void fuzz_elf(const u8 *data, size_t size)
{
	struct core_layout layout;
	const char *why;
	void *to;

	if (core_elf_check(data, size, &layout, &why) || layout.span > MIB(1))
		return;
	to = malloc(layout.span);
	core_elf_place(data, &layout, to);
	free(to);
}

static void fuzz_names(const u8 *data, size_t size)
{
	struct name_list list = {0};
	void *copy = malloc(size ? size : 1); /* aligned, as the loader's pages */
	const char *why;
	u64 used;

	memcpy(copy, data, size);
	if (!config_check(copy, size, &used, &why)) {
		list.capacity = names_count(copy);
		list.name = calloc(list.capacity + 1, sizeof(*list.name));
		if (names_collect(copy, &list))
			abort();
		free(list.name);
	}
	free(copy);
}

static void fuzz_dhcp(const u8 *data, size_t size)
{
	struct dhcp_boot boot;
	struct path_base base;
	uint16_t wide[PATH_SIZE];
	char to[PATH_SIZE];

	if (dhcp_read_boot(data, size, &boot) || path_base_set(&base, boot.file) ||
	    path_join(&base, base.directory, boot.file, to) || path_to_ucs2(to, wide))
		return;
	if (path_escape_url(boot.file, to))
		abort();
}

static void check_map(const struct memmap *map)
{
	for (u32 i = 0; i < map->count; i++)
		if (!map->mem[i].length ||
		    (i && map->mem[i].base < map->mem[i - 1].base + map->mem[i - 1].length))
			abort();
}

static void fuzz_memmap(const u8 *data, size_t size)
{
	struct handoff_mem mem[64];
	struct memmap map = {.mem = mem, .capacity = ARRAY_SIZE(mem)};
	struct efi_memory m;

	if (size < sizeof(m) || memmap_convert(&map, data + sizeof(m), size - sizeof(m), sizeof(m)))
		return;
	check_map(&map);
	memcpy(&m, data, sizeof(m));
	if (!memmap_set(&map, m.base, m.pages, m.type))
		check_map(&map);
}

static void fuzz_tftp(const u8 *data, size_t size)
{
	struct tftp_packet packet;

	if (!tftp_parse(data, size, &packet) && packet.length > size)
		abort();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static void (*const parsers[])(const u8 *, size_t) = {fuzz_elf, fuzz_names, fuzz_dhcp,
							      fuzz_memmap, fuzz_tftp};

	if (size)
		parsers[data[0] % ARRAY_SIZE(parsers)](data + 1, size - 1);
	return 0;
}
