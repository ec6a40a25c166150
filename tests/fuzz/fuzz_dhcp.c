/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a DHCP message, to the reader, and written again by the writer. */
#include <stdlib.h>
#include <string.h>

#include "net/service/dhcp_msg.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u8 *exact = malloc(size ? size : 1), again[DHCP_MAX];
	struct dhcp_msg msg, copy;
	struct dhcp_writer w;

	memcpy(exact, data, size);
	if (!dhcp_read(&msg, exact, (u32)size)) {
		if (strlen(msg.name) >= DHCP_NAME)
			abort();
		for (const char *c = msg.name; *c; c++)
			if (*c <= ' ' || *c > '~')
				abort();
		if (msg.type) {
			dhcp_write_begin(&w, again, &msg);
			dhcp_write_address(&w, DHCP_O_ADDRESS, msg.requested);
			if (msg.client_id)
				dhcp_write_bytes(&w, DHCP_O_CLIENT, msg.client_id,
						 msg.client_id_len);
			if (dhcp_read(&copy, again, dhcp_write_end(&w)) || copy.type != msg.type ||
			    copy.xid != msg.xid || copy.requested != msg.requested ||
			    copy.client_id_len != msg.client_id_len)
				abort();
		}
	}
	free(exact);
	return 0;
}
