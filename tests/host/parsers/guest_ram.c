/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/parsers/guest_ram.h"

#include <stdlib.h>
#include <string.h>

static void *ram_map(void *ctx, gpa_t gpa, u64 len)
{
	struct guest_ram *ram = ctx;

	ram->maps++;
	if (!len || gpa.v >= ram->size || len > ram->size - gpa.v)
		return NULL;
	return ram->base + gpa.v;
}

static const struct guest_mem_ops ram_ops = {.map = ram_map};

void guest_ram_make(struct guest_ram *ram, u32 mib, struct load_params *params)
{
	memset(ram, 0, sizeof(*ram));
	memset(params, 0, sizeof(*params));
	ram->size = MIB(mib);
	ram->base = calloc(1, ram->size);
	ram->e820[0] = (struct e820_entry){0, 0x9fc00, E820_RAM};
	ram->e820[1] = (struct e820_entry){0xe0000, 0x20000, E820_RESERVED};
	ram->e820[2] = (struct e820_entry){MIB(1), ram->size - MIB(1), E820_RAM};
	params->mem.ops = &ram_ops;
	params->mem.ctx = ram;
	params->e820 = ram->e820;
	params->e820_count = 3;
	params->cmdline = "";
	params->copies = &ram->copies;
	params->vm = "test";
}

void guest_ram_free(struct guest_ram *ram)
{
	free(ram->base);
}

#define ACCESS(bits)                        \
	u##bits get##bits(const void *at)   \
	{                                   \
		u##bits v;                  \
                                            \
		memcpy(&v, at, sizeof(v));  \
		return v;                   \
	}                                   \
	void put##bits(void *at, u##bits v) \
	{                                   \
		memcpy(at, &v, sizeof(v));  \
	}

ACCESS(16)
ACCESS(32)
ACCESS(64)
