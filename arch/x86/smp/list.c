/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/smp/smp.h"

u32 smp_list_add(u32 *apic_ids, u32 count, u32 capacity, u32 apic_id)
{
	for (u32 i = 0; i < count; i++)
		if (apic_ids[i] == apic_id)
			return count;
	if (count < capacity)
		apic_ids[count++] = apic_id;
	return count;
}
