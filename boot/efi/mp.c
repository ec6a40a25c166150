/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/efi/loader.h"
#include "boot/efi/memory.h"
#include "boot/efi/protocol_mp.h"

static u32 flags_of(u32 status)
{
	bool usable = (status & MP_STATUS_ENABLED) && (status & MP_STATUS_HEALTHY);

	return (usable ? HANDOFF_CPU_ENABLED : 0) | (status & MP_STATUS_BSP ? HANDOFF_CPU_BSP : 0);
}

void mp_list(struct loader *l)
{
	static const EFI_GUID guid = MP_SERVICES_GUID;
	struct mp_services *mp = firmware_locate(&guid);
	UINTN all, enabled;

	if (!mp || mp->count(mp, &all, &enabled) || !all)
		return;
	l->cpus = memory_pool(all * sizeof(*l->cpus));
	for (UINTN i = 0; l->cpus && i < all; i++) {
		struct mp_processor p;

		if (mp->info(mp, i, &p))
			continue;
		l->cpus[l->cpu_count++] = (struct handoff_cpu){
		    .apic_id = (u32)p.id,
		    .flags = flags_of(p.status),
		    .package = p.package,
		    .core = p.core,
		    .thread = p.thread,
		};
	}
}
