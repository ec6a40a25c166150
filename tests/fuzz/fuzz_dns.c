/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a DNS message. */
#include <stdlib.h>
#include <string.h>

#include "net/service/dns_msg.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u8 *exact = malloc(size ? size : 1);
	struct dns_msg msg, again;

	memcpy(exact, data, size);
	for (u32 at = 0; at < size && at < 600; at++) {
		u32 end = dns_skip_name(exact, (u32)size, at);

		if (end > size || (end && end <= at))
			abort();
	}
	if (!dns_read(&msg, exact, (u32)size)) {
		if (msg.question_end < DNS_HEADER || msg.question_end > size ||
		    (msg.opt_size && msg.opt_size + 2 > size))
			abort();
		if (!msg.response) {
			u32 len = dns_refuse(exact, &msg, DNS_SERVFAIL);

			if (len > size || dns_read(&again, exact, len) || !again.response ||
			    again.rcode != DNS_SERVFAIL)
				abort();
		}
	}
	free(exact);
	return 0;
}
