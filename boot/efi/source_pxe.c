/* SPDX-License-Identifier: BSD-2-Clause */
/* The TFTP server of the PXE boot. The file names are relative to the boot file's folder. */
#include <string.h>

#include "boot/efi/dhcp.h"
#include "boot/efi/format.h"
#include "boot/efi/print.h"
#include "boot/efi/source.h"

#define BLOCK_SIZE                                                                    \
	1428u /* RFC 2348: what fits into one Ethernet frame, with a VLAN or a tunnel \
	       */
#define TFTP_ERROR_NO_FILE 1 /* RFC 1350 5 */

static EFI_PXE_BASE_CODE_PROTOCOL *pxe;
static EFI_IP_ADDRESS server;
static char open_path[PATH_SIZE];

/* The reply that named the boot file: a PXE server's before a proxy's before the DHCP server's. */
static const EFI_PXE_BASE_CODE_PACKET *boot_reply(const EFI_PXE_BASE_CODE_MODE *mode)
{
	if (mode->PxeReplyReceived)
		return &mode->PxeReply;
	if (mode->ProxyOfferReceived)
		return &mode->ProxyOffer;
	return &mode->DhcpAck;
}

static EFI_STATUS pxe_probe(struct source *s)
{
	static const EFI_GUID guid = EFI_PXE_BASE_CODE_PROTOCOL_GUID;
	const EFI_PXE_BASE_CODE_PACKET *reply;
	struct dhcp_boot boot;

	pxe = firmware_protocol(firmware.loaded->DeviceHandle, &guid);
	if (!pxe || !pxe->Mode || !pxe->Mode->Started || !pxe->Mode->DhcpAckReceived)
		return EFI_NOT_FOUND;
	if (pxe->Mode->UsingIpv6) {
		print_line("hanok: booted by PXE over IPv6, but files are read over IPv4 only: "
			   "boot by PXE over IPv4, or by HTTP");
		return EFI_NOT_FOUND;
	}
	reply = boot_reply(pxe->Mode);
	if (dhcp_read_boot(reply->Raw, sizeof(reply->Raw), &boot) ||
	    path_base_set(&s->base, boot.file))
		return EFI_NOT_FOUND;
	memcpy(&server, boot.server, sizeof(boot.server));
	format(s->name, sizeof(s->name), "TFTP server %u.%u.%u.%u", boot.server[0], boot.server[1],
	       boot.server[2], boot.server[3]);
	return EFI_SUCCESS;
}

static EFI_STATUS transfer(EFI_PXE_BASE_CODE_TFTP_OPCODE operation, void *to, u64 *size)
{
	UINTN block = BLOCK_SIZE;

	return pxe->Mtftp(pxe, operation, to, FALSE, size, &block, &server, (UINT8 *)open_path,
			  NULL, FALSE);
}

static EFI_STATUS pxe_open(struct source *s, const char *path, u64 *size)
{
	EFI_STATUS status;

	(void)s;
	memcpy(open_path, path, strlen(path) + 1);
	*size = 0;
	status = transfer(EFI_PXE_BASE_CODE_TFTP_GET_FILE_SIZE, NULL, size);
	/* EDK2 keeps only the upper byte of the code: 0, as for an error without a code. */
	if (status == EFI_TFTP_ERROR && pxe->Mode->TftpError.ErrorCode <= TFTP_ERROR_NO_FILE)
		return EFI_NOT_FOUND;
	return status;
}

/* Called by the firmware for every packet while it reads. */
static EFI_PXE_BASE_CODE_CALLBACK_STATUS EFIAPI on_packet(EFI_PXE_BASE_CODE_CALLBACK *this,
							  EFI_PXE_BASE_CODE_FUNCTION function,
							  BOOLEAN received, UINT32 length,
							  EFI_PXE_BASE_CODE_PACKET *packet)
{
	(void)this;
	(void)packet;
	if (function == EFI_PXE_BASE_CODE_FUNCTION_MTFTP && received)
		progress_add(MIN(length, BLOCK_SIZE));
	return EFI_PXE_BASE_CODE_CALLBACK_STATUS_CONTINUE;
}

/* Without it the transfer only is silent: no failure. */
static void set_callback(bool on)
{
	static EFI_PXE_BASE_CODE_CALLBACK callback = {EFI_PXE_BASE_CODE_CALLBACK_INTERFACE_REVISION,
						      on_packet};
	static EFI_GUID guid = EFI_PXE_BASE_CODE_CALLBACK_PROTOCOL_GUID;
	BOOLEAN calls = on;

	if (on && firmware.boot->InstallProtocolInterface(&firmware.loaded->DeviceHandle, &guid,
							  EFI_NATIVE_INTERFACE, &callback))
		return;
	pxe->SetParameters(pxe, NULL, NULL, NULL, NULL, &calls);
	if (!on)
		firmware.boot->UninstallProtocolInterface(firmware.loaded->DeviceHandle, &guid,
							  &callback);
}

static EFI_STATUS pxe_read(struct source *s, void *to, u64 size)
{
	u64 length = size;
	EFI_STATUS status;

	(void)s;
	set_callback(true);
	status = transfer(EFI_PXE_BASE_CODE_TFTP_READ_FILE, to, &length);
	set_callback(false);
	return !status && length < size ? EFI_END_OF_FILE : status;
}

static void pxe_close(struct source *s)
{
	(void)s;
}

const struct source_ops source_pxe = {
    .kind = HANDOFF_SOURCE_PXE,
    .what = "TFTP server",
    .remedy = "put it beside the boot file there, or correct its name in the configuration",
    .probe = pxe_probe,
    .open = pxe_open,
    .read = pxe_read,
    .close = pxe_close,
};
