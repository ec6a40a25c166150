/* SPDX-License-Identifier: BSD-2-Clause */
/* `net capture`: frames that were recorded, as text or as a pcap file. */
#include <stdio.h>
#include <string.h>

#include "kernel/lib/err.h"
#include "net/pkt/pcap.h"
#include "vmm/cmds/net.h"

/* Bytes of base64 per line: 57 of data. */
#define LINE_BYTES 57
#define RECORD_MAX (PCAP_RECORD_HEADER + 2048 + 64)

/* A listing that goes on until the ring is empty. */
static struct capture_job {
	struct pcap_ring *ring;
	u32 have; /* bytes in `data` that are not shown yet */
	u8 data[RECORD_MAX + LINE_BYTES];
	u64 shown;
} job;

/* --- as text -----------------------------------------------------------------------------------
 */

struct frame_view {
	const u8 *at;
	u32 len; /* that were kept */
};

static u32 be16(const u8 *at)
{
	return (u32)at[0] << 8 | at[1];
}

static u32 be32(const u8 *at)
{
	return be16(at) << 16 | be16(at + 2);
}

/* Addresses, protocol and ports of an IPv4 packet. */
static void print_ipv4(struct shell *sh, const u8 *ip, u32 len)
{
	char from[NET_IP_TEXT], to[NET_IP_TEXT];
	u32 header = (ip[0] & 15u) * 4;
	bool ports = (ip[9] == 6 || ip[9] == 17) && len >= header + 4 && !(be16(ip + 6) & 0x1fff);

	net_ip_text(from, be32(ip + 12));
	net_ip_text(to, be32(ip + 16));
	if (ports)
		shell_printf(sh, " %s:%u > %s:%u", from, be16(ip + header), to,
			     be16(ip + header + 2));
	else
		shell_printf(sh, " %s > %s", from, to);
	shell_printf(sh, " %s",
		     ip[9] == 6    ? "TCP"
		     : ip[9] == 17 ? "UDP"
		     : ip[9] == 1  ? "ICMP"
				   : "IP");
}

static void print_arp(struct shell *sh, const u8 *arp)
{
	char from[NET_IP_TEXT], to[NET_IP_TEXT];

	net_ip_text(from, be32(arp + 14));
	net_ip_text(to, be32(arp + 24));
	shell_printf(sh, " ARP %s %s, asks %s", be16(arp + 6) == 1 ? "who-has" : "is-at", from, to);
}

static void print_frame(struct shell *sh, const u8 *frame, u32 len, u32 whole)
{
	char from[NET_MAC_TEXT], to[NET_MAC_TEXT];
	u32 at = 12;

	if (len < 14)
		return;
	net_mac_text(from, frame + 6);
	net_mac_text(to, frame);
	shell_printf(sh, "%s > %s %5u", from, to, whole);
	if (be16(frame + at) == 0x8100 && len >= 18) {
		shell_printf(sh, " vlan %u", be16(frame + at + 2) & 0xfff);
		at += 4;
	}
	if (be16(frame + at) == 0x0800 && len >= at + 22)
		print_ipv4(sh, frame + at + 2, len - at - 2);
	else if (be16(frame + at) == 0x0806 && len >= at + 30)
		print_arp(sh, frame + at + 2);
	else
		shell_printf(sh, " type %04x", be16(frame + at));
	shell_printf(sh, "\n");
}

static u32 le32(const u8 *at)
{
	u32 value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static bool text_step(struct shell *sh, void *ctx)
{
	(void)ctx;
	for (u32 i = 0; i < 8; i++) {
		u32 len = pcap_ring_get(job.ring, job.data, RECORD_MAX);

		if (!len)
			return false;
		shell_printf(sh, "%u.%06u ", le32(job.data), le32(job.data + 4) / 1000);
		print_frame(sh, job.data + PCAP_RECORD_HEADER, len - PCAP_RECORD_HEADER,
			    le32(job.data + 12));
	}
	return true;
}

/* --- as a file ---------------------------------------------------------------------------------
 */

/* A line of len bytes, LINE_BYTES at most. */
static void print_base64(struct shell *sh, const u8 *data, u32 len)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char line[LINE_BYTES / 3 * 4 + 5], *to = line;

	for (u32 i = 0; i < len; i += 3) {
		u32 left = len - i;
		u32 word = (u32)data[i] << 16 | (left > 1 ? (u32)data[i + 1] << 8 : 0) |
			   (left > 2 ? data[i + 2] : 0u);

		*to++ = digits[word >> 18];
		*to++ = digits[word >> 12 & 63];
		*to++ = left > 1 ? digits[word >> 6 & 63] : '=';
		*to++ = left > 2 ? digits[word & 63] : '=';
	}
	*to = 0;
	shell_printf(sh, "%s\n", line);
}

static bool pcap_step(struct shell *sh, void *ctx)
{
	u32 at = 0;

	(void)ctx;
	if (job.have < LINE_BYTES)
		job.have += pcap_ring_get(job.ring, job.data + job.have, RECORD_MAX);
	for (u32 i = 0; i < 16 && job.have - at >= LINE_BYTES; i++, at += LINE_BYTES)
		print_base64(sh, job.data + at, LINE_BYTES);
	if (at) {
		job.have -= at;
		memmove(job.data, job.data + at, job.have);
		return true;
	}
	if (job.have)
		print_base64(sh, job.data, job.have);
	shell_printf(sh, "end of capture\n");
	return false;
}

/* --- the verb ----------------------------------------------------------------------------------
 */

static int show(struct shell *sh, struct net_nic *nic, bool file)
{
	if (!nic->capture) {
		shell_printf(sh, "%s: nothing was recorded: net capture %s start\n", nic->name,
			     nic->name);
		return ERR_NOENT;
	}
	job.ring = nic->capture;
	job.have = 0;
	if (file) {
		pcap_file_header(job.data, nic->capture->snap);
		job.have = PCAP_FILE_HEADER;
		shell_printf(sh, "what follows is base64; decoded it is a pcap file\n");
	}
	shell_set_job(sh, file ? pcap_step : text_step, NULL);
	return 0;
}

static int start(struct shell *sh, struct net_nic *nic)
{
	int err = net_capture_start(nic);

	if (err)
		shell_printf(sh, "%s: cannot record: %s\n", nic->name,
			     err == ERR_BUSY ? "its VM does not run" : err_name(err));
	else
		shell_printf(sh, "%s: recording\n", nic->name);
	return err;
}

int net_cmd_capture(struct shell *sh, int argc, char **argv)
{
	struct net_nic *nic;

	if (argc != 4)
		return ERR_INVAL;
	nic = net_want_nic(sh, argv[2]);
	if (!nic)
		return ERR_NOENT;
	if (!strcmp(argv[3], "start"))
		return start(sh, nic);
	if (!strcmp(argv[3], "show") || !strcmp(argv[3], "pcap"))
		return show(sh, nic, argv[3][0] == 'p');
	if (strcmp(argv[3], "stop"))
		return ERR_INVAL;
	net_capture_stop(nic);
	shell_printf(sh, "%s: not recording any more\n", nic->name);
	return 0;
}
