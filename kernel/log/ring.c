/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/log/ring.h"

#include <string.h>

struct log_record {
	u64 tsc;
	u16 len; /* of the text that follows */
	u8 level;
};

static void ring_copy_in(struct log_ring *ring, u64 at, const void *data, size_t len)
{
	size_t offset = at % LOG_RING_BYTES;
	size_t first = MIN(len, LOG_RING_BYTES - offset);

	memcpy(ring->bytes + offset, data, first);
	memcpy(ring->bytes, (const char *)data + first, len - first);
}

static void ring_copy_out(const struct log_ring *ring, u64 at, void *data, size_t len)
{
	size_t offset = at % LOG_RING_BYTES;
	size_t first = MIN(len, LOG_RING_BYTES - offset);

	memcpy(data, ring->bytes + offset, first);
	memcpy((char *)data + first, ring->bytes, len - first);
}

void log_ring_put(struct log_ring *ring, const struct log_line *line)
{
	struct log_record record = {.tsc = line->tsc, .len = line->len, .level = line->level};
	u64 end = ring->head + sizeof(record) + line->len;

	while (end - ring->tail > LOG_RING_BYTES) {
		struct log_record oldest;

		ring_copy_out(ring, ring->tail, &oldest, sizeof(oldest));
		ring->tail += sizeof(oldest) + oldest.len;
	}
	ring_copy_in(ring, ring->head, &record, sizeof(record));
	ring_copy_in(ring, ring->head + sizeof(record), line->text, line->len);
	ring->head = end;
}

bool log_ring_get(const struct log_ring *ring, u64 *cursor, struct log_line *line)
{
	struct log_record record;
	u64 at = MAX(*cursor, ring->tail);

	if (at >= ring->head)
		return false;
	ring_copy_out(ring, at, &record, sizeof(record));
	line->tsc = record.tsc;
	line->level = record.level;
	line->len = record.len;
	ring_copy_out(ring, at + sizeof(record), line->text, record.len);
	line->text[record.len] = '\0';
	*cursor = at + sizeof(record) + record.len;
	return true;
}
