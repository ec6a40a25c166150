/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/efi/serial.h"

#define EISA_PNP0501 EISA_PNP_ID(0x0501) /* a 16550, ACPI's name for it */

static const EFI_GUID device_path_guid = EFI_DEVICE_PATH_PROTOCOL_GUID;
static const EFI_GUID serial_guid = EFI_SERIAL_IO_PROTOCOL_GUID;
/* Marks the devices behind the system table's ConOut (EDK2's console splitter). */
static const EFI_GUID console_out_device_guid = {
    0xd3b36f2c, 0xd551, 0x11d4, {0x9a, 0x46, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d}};

static SERIAL_IO_INTERFACE *mirror;
static struct handoff_console found;

static bool console_covers_serial(void)
{
	EFI_HANDLE *handles;
	UINTN count = firmware_handles(&console_out_device_guid, &handles);
	bool covered = false;

	for (UINTN i = 0; i < count; i++)
		if (devpath_find(firmware_protocol(handles[i], &device_path_guid),
				 MESSAGING_DEVICE_PATH, MSG_UART_DP))
			covered = true;
	if (handles)
		firmware.boot->FreePool(handles);
	return covered;
}

static void note_port(EFI_HANDLE handle, const SERIAL_IO_INTERFACE *serial)
{
	static const u16 ports[] = {0x3f8, 0x2f8, 0x3e8, 0x2e8};
	const ACPI_HID_DEVICE_PATH *acpi = (const void *)devpath_find(
	    firmware_protocol(handle, &device_path_guid), ACPI_DEVICE_PATH, ACPI_DP);

	/* The path begins with the PCI root, which is an ACPI node too. */
	while (acpi && acpi->HID != EISA_PNP0501)
		acpi = (const void *)devpath_find(devpath_next(&acpi->Header), ACPI_DEVICE_PATH,
						  ACPI_DP);
	if (!acpi || acpi->UID >= ARRAY_SIZE(ports) || found.kind)
		return;
	found.kind = HANDOFF_CONSOLE_PORT;
	found.base = ports[acpi->UID];
	found.baud = serial->Mode ? (u32)serial->Mode->BaudRate : 0;
}

void serial_init(void)
{
	EFI_HANDLE *handles;
	UINTN count = firmware_handles(&serial_guid, &handles);
	SERIAL_IO_INTERFACE *first = NULL;

	for (UINTN i = 0; i < count; i++) {
		SERIAL_IO_INTERFACE *serial = firmware_protocol(handles[i], &serial_guid);

		if (!serial)
			continue;
		note_port(handles[i], serial);
		first = first ? first : serial;
	}
	if (handles)
		firmware.boot->FreePool(handles);
	mirror = console_covers_serial() ? NULL : first;
}

void serial_mirror(const CHAR16 *text, size_t n)
{
	char byte;

	for (size_t i = 0; mirror && i < n; i++) {
		UINTN one = 1;

		byte = (char)text[i];
		mirror->Write(mirror, &one, &byte);
	}
}

void serial_describe(struct handoff_console *console)
{
	*console = found;
}
