/* SPDX-License-Identifier: BSD-2-Clause */
/* EFI_MP_SERVICES_PROTOCOL, PI specification volume 2, 13.4: what the loader uses of it.
 * gnu-efi 3.0.15 does not declare it. */
#ifndef BOOT_EFI_PROTOCOL_MP_H
#define BOOT_EFI_PROTOCOL_MP_H

#include "boot/efi/efi.h"

#define MP_SERVICES_GUID                                               \
	{                                                              \
		0x3fdda605, 0xa76e, 0x4f46,                            \
		{                                                      \
			0xad, 0x29, 0x12, 0xf4, 0x53, 0x1b, 0x3d, 0x08 \
		}                                                      \
	}

#define MP_STATUS_BSP BIT(0)
#define MP_STATUS_ENABLED BIT(1)
#define MP_STATUS_HEALTHY BIT(2)

struct mp_processor {
	UINT64 id; /* APIC or x2APIC id */
	UINT32 status;
	UINT32 package;
	UINT32 core;
	UINT32 thread;
	UINT32 extended[6]; /* the second location, of PI 1.7 */
};
static_assert(sizeof(struct mp_processor) == 48, "EFI_PROCESSOR_INFORMATION of PI 1.7");

struct mp_services {
	EFI_STATUS(EFIAPI *count)(struct mp_services *this, UINTN *all, UINTN *enabled);
	EFI_STATUS(EFIAPI *info)(struct mp_services *this, UINTN number, struct mp_processor *p);
};

#endif
