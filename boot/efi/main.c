/* SPDX-License-Identifier: BSD-2-Clause */
/* hanok.efi: read what the core needs while there is firmware to read it, then hand over. */
#include "boot/efi/loader.h"
#include "boot/efi/print.h"
#include "boot/efi/serial.h"
#include "boot/efi/stamp.h"

EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table);
/* The start code of gnu-efi 3.0.18 calls this, and its library would run constructors first. */
EFI_STATUS _entry(EFI_HANDLE image, EFI_SYSTEM_TABLE *table) __attribute__((alias("efi_main")));

/* Called by gnu-efi's start code after relocation. Returns to the firmware only on failure. */
EFI_STATUS efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *table)
{
	static struct loader loader;
	EFI_STATUS status;

	stamp_add(HANDOFF_STAMP_ENTRY);
	status = firmware_init(image, table);
	if (status)
		return status;
	serial_init();
	/* Reading may take longer than the firmware's five minutes for an application. */
	firmware.boot->SetWatchdogTimer(0, 0, 0, NULL);
	status = core_load(&loader);
	if (status)
		return status;
	stamp_add(HANDOFF_STAMP_CONFIG);
	config_load(&loader);
	stamp_add(HANDOFF_STAMP_CONFIG_READ);
	stamp_add(HANDOFF_STAMP_FILES);
	files_load(&loader);
	stamp_add(HANDOFF_STAMP_FILES_READ);
	mp_list(&loader);
	status = leave(&loader);
	print_line("hanok: the firmware does not let go of the machine: %s. Restart it, and report "
		   "the firmware's version",
		   status_text(status));
	return status;
}
