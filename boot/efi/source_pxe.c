/* SPDX-License-Identifier: BSD-2-Clause */
/* The TFTP server of the PXE boot. The file names are relative to the boot file's folder. */
#include <string.h>

#include "boot/efi/dhcp.h"
#include "boot/efi/format.h"
#include "boot/efi/print.h"
#include "boot/efi/pxe_tftp.h"
#include "boot/efi/source.h"

#define BLOCK_SIZE                                                                    \
	1428u /* RFC 2348: what fits into one Ethernet frame, with a VLAN or a tunnel \
	       */

static EFI_PXE_BASE_CODE_PROTOCOL *pxe;
static EFI_IP_ADDRESS server;

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

static EFI_STATUS pxe_open(struct source *s, const char *path, u64 *size)
{
	(void)s;
	return pxe_tftp_open(pxe, &server, path, size);
}

static EFI_STATUS pxe_read(struct source *s, void *to, u64 size)
{
	(void)s;
	return pxe_tftp_read(to, size);
}

static void pxe_close(struct source *s)
{
	(void)s;
	pxe_tftp_close();
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
