/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a guest's kernel, with a module and an initrd, in a small guest.
 * The entry point must lie in its RAM. */
#include <stdlib.h>

#include "tests/host/parsers/guest_ram.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct guest_ram ram;
	static struct load_params params;
	static const u8 small[64];
	const struct guest_module module = {.blob = {small, 64}, .name = "m", .args = "a"};
	struct boot_state state;

	if (!ram.base)
		guest_ram_make(&ram, 4, &params);
	params.kernel = (struct guest_blob){data, size};
	params.initrd = (struct guest_blob){small, size & 1 ? 64 : 0};
	params.modules = &module;
	params.module_count = load_identify(&params.kernel) == LOAD_MULTIBOOT;
	params.cmdline = "console=ttyS0";
	load_copies_init(&ram.copies);
	if (!guest_ram_finish(&ram, load_image(&params, &state)) && state.rip >= ram.size + 0x200)
		abort();
	return 0;
}
