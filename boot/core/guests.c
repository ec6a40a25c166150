/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtualization of this machine, and what the configuration wants from it. */
#include "arch/x86/virt.h"
#include "boot/core/boot.h"

void boot_virt_init(void)
{
	char why[160];

	if (virt_init(why, sizeof(why)))
		log_err("virt: no guests can run here: %s", why);
	else if (virt->cpu_on())
		log_err("virt: cannot be turned on on processor 0");
}

void boot_guests_start(void)
{
}
