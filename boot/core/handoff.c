/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "arch/x86/cpu/panic.h"
#include "arch/x86/mm/direct.h"
#include "arch/x86/mm/host.h"
#include "boot/core/boot.h"
#include "kernel/lib/klog.h"

struct boot boot;

const void *boot_table_entry(const struct handoff_table *t, u32 i)
{
	return hpa_to_virt(HPA(t->phys + (u64)i * t->stride));
}

void boot_take_handoff(u64 phys)
{
	const struct handoff *h = (const struct handoff *)phys;

	if (h->magic != HANDOFF_MAGIC || h->version != HANDOFF_VERSION)
		panic("started by something that is not hanok.efi (magic %llx, version %u)",
		      (unsigned long long)h->magic, h->version);
	memcpy(&boot.handoff, h, MIN(sizeof(boot.handoff), (size_t)h->size));
	image_phys = boot.handoff.core.phys;
	host_alias_identity();
}

void boot_log_messages(void)
{
	const struct handoff_blob *m = &boot.handoff.messages;
	const char *text = hpa_to_virt(HPA(m->phys));
	const char *end = text + m->size;

	while (m->phys && text < end) {
		const char *newline = memchr(text, '\n', end - text);
		int len = (newline ? newline : end) - text;

		log_info("%.*s", len, text);
		text += len + 1;
	}
}
