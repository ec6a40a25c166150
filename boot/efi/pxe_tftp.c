/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/efi/pxe_tftp.h"

#include <string.h>

#include "boot/efi/print.h"
#include "boot/efi/tftp.h"

#define PORT_SERVER 69
#define PORT_LOCAL_FIRST 0xc000 /* the dynamic ports of RFC 6335 */
#define RESEND_100NS 10000000ull
#define ATTEMPTS 6

static struct {
	EFI_PXE_BASE_CODE_PROTOCOL *pxe;
	EFI_IP_ADDRESS server;
	u16 server_port; /* the server answers from one of its own */
	u16 local_port;
	u32 block_size;
	EFI_EVENT timer;
	u8 sent[TFTP_PACKET_SIZE]; /* to be sent again when there is no answer */
	size_t sent_length;
	u8 received[TFTP_PACKET_SIZE];
	bool complete;
} tftp;

static EFI_STATUS send(void)
{
	UINTN length = tftp.sent_length;

	firmware.boot->SetTimer(tftp.timer, TimerRelative, RESEND_100NS);
	return tftp.pxe->UdpWrite(tftp.pxe, 0, &tftp.server, &tftp.server_port, NULL, NULL,
				  &tftp.local_port, NULL, NULL, &length, tftp.sent);
}

/* One packet of our transfer, EFI_NOT_READY when there is none. */
static EFI_STATUS poll(struct tftp_packet *packet)
{
	UINTN length = sizeof(tftp.received);
	EFI_IP_ADDRESS from = tftp.server;
	u16 port = 0;

	if (tftp.pxe->UdpRead(tftp.pxe,
			      EFI_PXE_BASE_CODE_UDP_OPFLAGS_ANY_SRC_PORT |
				  EFI_PXE_BASE_CODE_UDP_OPFLAGS_ANY_DEST_IP,
			      NULL, &tftp.local_port, &from, &port, NULL, NULL, &length,
			      tftp.received))
		return EFI_NOT_READY;
	if (tftp.server_port != PORT_SERVER && port != tftp.server_port)
		return EFI_NOT_READY;
	if (tftp_parse(tftp.received, length, packet))
		return EFI_NOT_READY;
	tftp.server_port = port;
	return EFI_SUCCESS;
}

static EFI_STATUS error_status(const struct tftp_packet *packet)
{
	return packet->number == TFTP_ERROR_NO_FILE ? EFI_NOT_FOUND : EFI_TFTP_ERROR;
}

/* Send what has been prepared, until the packet comes that it asks for. */
static EFI_STATUS exchange(u16 opcode, u16 number, struct tftp_packet *packet)
{
	EFI_STATUS status = EFI_SUCCESS;

	for (int i = 0; !status && i < ATTEMPTS; i++) {
		status = send();
		while (!status && firmware.boot->CheckEvent(tftp.timer)) {
			if (poll(packet))
				continue;
			if (packet->opcode == TFTP_ERROR)
				return error_status(packet);
			if (packet->opcode == opcode && packet->number == number)
				return EFI_SUCCESS;
		}
	}
	return status ? status : EFI_TIMEOUT;
}

static EFI_STATUS request(const char *path, u64 *size)
{
	struct tftp_packet packet;
	EFI_STATUS status;

	tftp.sent_length = tftp_make_request(tftp.sent, path);
	status = exchange(TFTP_OACK, 0, &packet);
	if (status)
		return status;
	*size = packet.file_size;
	tftp.block_size = packet.block_size;
	return packet.block_size <= TFTP_BLOCK_SIZE ? EFI_SUCCESS : EFI_PROTOCOL_ERROR;
}

EFI_STATUS pxe_tftp_open(EFI_PXE_BASE_CODE_PROTOCOL *pxe, const EFI_IP_ADDRESS *server,
			 const char *path, u64 *size)
{
	EFI_STATUS status;

	tftp.pxe = pxe;
	tftp.server = *server;
	tftp.server_port = PORT_SERVER;
	tftp.local_port = PORT_LOCAL_FIRST + (__builtin_ia32_rdtsc() >> 8) % 0x3fff;
	tftp.complete = false;
	status = firmware.boot->CreateEvent(EVT_TIMER, 0, NULL, NULL, &tftp.timer);
	if (status)
		return status;
	status = request(path, size);
	if (status)
		pxe_tftp_close();
	return status;
}

static void acknowledge(u16 number)
{
	tftp.sent_length = tftp_make_answer(tftp.sent, TFTP_ACK, number);
}

EFI_STATUS pxe_tftp_read(void *to, u64 size)
{
	struct tftp_packet packet;
	EFI_STATUS status;
	u64 at = 0;
	u16 number = 0; /* wraps in files of more than 65535 blocks */

	do {
		acknowledge(number++);
		status = exchange(TFTP_DATA, number, &packet);
		if (status)
			return status;
		if (packet.length > size - at || packet.length > tftp.block_size)
			return EFI_BUFFER_TOO_SMALL;
		memcpy((u8 *)to + at, packet.data, packet.length);
		at += packet.length;
		progress_add(packet.length);
	} while (packet.length == tftp.block_size);
	acknowledge(number);
	tftp.complete = true;
	status = send();
	return !status && at < size ? EFI_END_OF_FILE : status;
}

void pxe_tftp_close(void)
{
	if (!tftp.complete && tftp.server_port != PORT_SERVER) {
		tftp.sent_length = tftp_make_answer(tftp.sent, TFTP_ERROR, TFTP_ERROR_NONE);
		send();
	}
	firmware.boot->CloseEvent(tftp.timer);
}
