/* SPDX-License-Identifier: BSD-2-Clause */
/* Plain frames in tests: the way out of a device that knows no others, and into the switch. */
#ifndef TESTS_HOST_NET_PLAIN_H
#define TESTS_HOST_NET_PLAIN_H

#include <stdlib.h>
#include <string.h>

#include "net/pkt/plain.h"
#include "net/vswitch/vswitch.h"

/* As ops->send_plain: each frame is copied to where it just fits, and given to send(). */
static inline u32 plain_unpack(struct vsw_worker *w, struct vsw_port *port,
			       struct pkt_plain *frames, u32 n, u32 words)
{
	static const u8 header[PLAIN_HEADER] = {[10] = 1};
	u32 taken = 1, i;

	for (i = 0; i < n && taken; i++) {
		u8 *copy = malloc(frames[i].end), *other;
		struct pkt p, *one = &p;

		plain_copy_out(&frames[i], copy, words);
		if (memcmp(copy, header, sizeof(header)))
			abort();
		other = malloc(plain_len(&frames[i]));
		plain_copy_frame(&frames[i], other, words);
		if (memcmp(copy + PLAIN_HEADER, other, plain_len(&frames[i])))
			abort();
		free(other);
		pkt_init(&p);
		p.vlan = w->in->pvid;
		if (pkt_add_frag(&p, copy + PLAIN_HEADER, plain_len(&frames[i])) ||
		    pkt_pull(&p, 64))
			abort();
		taken = port->ops->send(w, port, &one, 1);
		free(copy);
	}
	return taken ? n : i - 1;
}

/* Make a frame plain, in memory where it just fits. To be freed: the result. */
static inline u8 *plain_pack(struct pkt_plain *f, const u8 *bytes, u32 len)
{
	u8 *at = calloc(1, PLAIN_HEADER + len);

	at[10] = 0x77; /* the number of buffers is nobody's business */
	memcpy(at + PLAIN_HEADER, bytes, len);
	memset(f, 0xee, sizeof(*f));
	f->at = at;
	f->end = PLAIN_HEADER + len;
	return at;
}

#endif
