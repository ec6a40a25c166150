/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/services/cm.h"
#include "tests/host/services/fake.h"

u64 fake_hz, fake_holdup;
static u32 holdup_seed = 1;
bool fake_pit, fake_pm;
static bool pit_counting;
static u64 pit_start;
static u32 pit_count, pit_bytes;

u32 io_host_in(u16 port, unsigned size);
void io_host_out(u16 port, unsigned size, u32 value);

static bool pit_out(void)
{
	return pit_counting && (fake_tsc - pit_start) * 1193182 >= pit_count * fake_hz;
}

/* A host below takes the processor away now and then. */
static u64 holdup(void)
{
	return fake_holdup && test_random(&holdup_seed) % 5 == 0 ? fake_holdup : 0;
}

u32 io_host_in(u16 port, unsigned size)
{
	u32 count;

	fake_tsc += 5 + holdup();
	if (port == FAKE_PM_PORT && fake_pm) {
		count = (u32)((unsigned __int128)fake_tsc * 3579545 / fake_hz) & 0xffffff;
		fake_tsc += 5 + holdup();
		return count;
	}
	if (port == 0x61 && fake_pit)
		return pit_out() ? 0x20 : 0;
	return 0xffffffffu >> (32 - 8 * size);
}

void io_host_out(u16 port, unsigned size, u32 value)
{
	(void)size;
	fake_tsc += 5;
	if (port == 0x43)
		pit_bytes = pit_counting = 0;
	if (port == 0x42) {
		pit_count = pit_bytes ? pit_count | value << 8 : value;
		pit_counting = ++pit_bytes == 2;
		pit_start = fake_tsc;
	}
}
