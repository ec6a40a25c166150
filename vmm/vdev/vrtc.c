/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual real-time clock and CMOS RAM. */
#include "vmm/vdev/vrtc.h"

#include <string.h>

#include "kernel/mm/heap.h"
#include "kernel/sync/ticketlock.h"
#include "vmm/vdev/calendar.h"
#include "vmm/vdev/platform.h"
#include "vmm/vdev/vtime.h"
#include "vmm/vm/layout.h"

enum {
	SECONDS = 0x00,
	ALARM_SECONDS,
	MINUTES,
	ALARM_MINUTES,
	HOURS,
	ALARM_HOURS,
	WEEKDAY,
	DAY,
	MONTH,
	YEAR,
	REG_A,
	REG_B,
	REG_C,
	REG_D,
	SHUTDOWN_STATUS = 0x0f,
	EQUIPMENT = 0x14,
	BASE_MEMORY = 0x15,     /* KiB below 640 KiB */
	EXTENDED_MEMORY = 0x17, /* KiB above 1 MiB, up to 64 MiB */
	CHECKSUM = 0x2e,        /* high byte first, of 10h to 2dh */
	EXTENDED_MEMORY2 = 0x30,
	CENTURY = 0x32,
	MEMORY_16M = 0x34, /* 64 KiB units above 16 MiB, below 4 GiB */
	MEMORY_4G = 0x5b,  /* 64 KiB units above 4 GiB, 3 bytes */
	CMOS_SIZE = 0x80
};

#define A_UPDATING 0x80
#define A_DIVIDER_OFF(a) (((a)&0x60) == 0x60)
#define A_RATE(a) ((a)&0x0f)
#define B_SET 0x80
#define B_PERIODIC 0x40
#define B_ALARM 0x20
#define B_UPDATE 0x10
#define B_BINARY 0x04
#define B_24H 0x02
#define C_IRQ 0x80
#define C_FLAGS 0x70
#define D_VALID 0x80
#define HOUR_PM 0x80
#define ALARM_ANY 0xc0

#define NS 1000000000ull
#define UPDATE_NS 244000 /* UIP is set that long before an update */
#define YEAR_2000 946684800ll
#define RTC_HZ 32768

struct vrtc {
	struct ticketlock lock;
	struct platform *p;
	struct vclock crystal;
	struct time_scale tsc_to_ns, ns_to_tsc;
	struct vtimer update, periodic;
	s64 difference; /* seconds that the guest's clock is ahead of UTC */
	u64 seen_ticks; /* when C was last read: for flags that nobody is interrupted by */
	s64 seen_second;
	u8 index;
	u8 cmos[CMOS_SIZE]; /* time registers are valid in it while SET is */
};

/* --- time --------------------------------------------------------------------------------------
 */

/* Nanoseconds since 1970 on the VM's owner's clock. */
static u64 utc_ns(const struct vrtc *rtc)
{
	const struct platform_host_ops *host = rtc->p->host;

	if (host->utc_ns)
		return host->utc_ns(rtc->p->vm);
	return (u64)YEAR_2000 * NS + time_scale(&rtc->tsc_to_ns, vtime_now(rtc->p));
}

static s64 now_seconds(const struct vrtc *rtc)
{
	return (s64)(utc_ns(rtc) / NS) + rtc->difference;
}

static u8 encode(const struct vrtc *rtc, u32 value)
{
	return (u8)(rtc->cmos[REG_B] & B_BINARY ? value : value / 10 % 10 << 4 | value % 10);
}

static u32 decode(const struct vrtc *rtc, u8 value)
{
	return rtc->cmos[REG_B] & B_BINARY ? value : (value >> 4) * 10u + (value & 15);
}

static u8 encode_hour(const struct vrtc *rtc, u32 hour)
{
	if (rtc->cmos[REG_B] & B_24H)
		return encode(rtc, hour);
	return encode(rtc, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? HOUR_PM : 0);
}

static u32 decode_hour(const struct vrtc *rtc, u8 value)
{
	if (rtc->cmos[REG_B] & B_24H)
		return decode(rtc, value);
	return decode(rtc, value & (u8)~HOUR_PM) % 12 + (value & HOUR_PM ? 12 : 0);
}

/* The time into the registers, and from them. */
static void store_time(struct vrtc *rtc, s64 seconds)
{
	struct calendar c;

	calendar_from_seconds(seconds, &c);
	rtc->cmos[SECONDS] = encode(rtc, c.second);
	rtc->cmos[MINUTES] = encode(rtc, c.minute);
	rtc->cmos[HOURS] = encode_hour(rtc, c.hour);
	rtc->cmos[WEEKDAY] = encode(rtc, c.weekday);
	rtc->cmos[DAY] = encode(rtc, c.day);
	rtc->cmos[MONTH] = encode(rtc, c.month);
	rtc->cmos[YEAR] = encode(rtc, c.year % 100);
	rtc->cmos[CENTURY] = encode(rtc, c.year / 100);
}

static s64 load_time(const struct vrtc *rtc)
{
	const u8 *cmos = rtc->cmos;
	struct calendar c = {
	    .year = decode(rtc, cmos[CENTURY]) * 100 + decode(rtc, cmos[YEAR]),
	    .month = decode(rtc, cmos[MONTH]),
	    .day = decode(rtc, cmos[DAY]),
	    .hour = decode_hour(rtc, cmos[HOURS]),
	    .minute = decode(rtc, cmos[MINUTES]),
	    .second = decode(rtc, cmos[SECONDS]),
	};

	return calendar_to_seconds(&c);
}

static bool is_time(u8 reg)
{
	return reg == SECONDS || reg == MINUTES || reg == HOURS || reg == CENTURY ||
	       (reg >= WEEKDAY && reg <= YEAR);
}

/* --- interrupts; all with the lock held --------------------------------------------------------
 */

static bool alarm_matches(const struct vrtc *rtc, s64 seconds)
{
	struct calendar c;
	const u8 *cmos = rtc->cmos;

	calendar_from_seconds(seconds, &c);
	return (cmos[ALARM_SECONDS] >= ALARM_ANY || decode(rtc, cmos[ALARM_SECONDS]) == c.second) &&
	       (cmos[ALARM_MINUTES] >= ALARM_ANY || decode(rtc, cmos[ALARM_MINUTES]) == c.minute) &&
	       (cmos[ALARM_HOURS] >= ALARM_ANY || decode_hour(rtc, cmos[ALARM_HOURS]) == c.hour);
}

static void raise(struct vrtc *rtc, u8 flags)
{
	rtc->cmos[REG_C] |= flags;
	if (!(rtc->cmos[REG_C] & rtc->cmos[REG_B] & C_FLAGS))
		return;
	rtc->cmos[REG_C] |= C_IRQ;
	platform_irq(rtc->p, LAYOUT_GSI_RTC, true);
}

/* 32.768 kHz ticks of a periodic interrupt, 0: off (data sheet, table 5). */
static u32 period_ticks(const struct vrtc *rtc)
{
	u32 rate = A_RATE(rtc->cmos[REG_A]);

	if (!rate)
		return 0;
	return 1u << (rate <= 2 ? rate + 6 : rate - 1);
}

static void schedule_update(struct vrtc *rtc)
{
	u64 rest = NS - utc_ns(rtc) % NS;

	if (rtc->cmos[REG_B] & B_SET || !(rtc->cmos[REG_B] & (B_UPDATE | B_ALARM)))
		vtimer_stop(&rtc->update);
	else
		vtimer_arm(&rtc->update, vtime_now(rtc->p) + time_scale(&rtc->ns_to_tsc, rest) + 1);
}

static void schedule_periodic(struct vrtc *rtc)
{
	u32 period = period_ticks(rtc);
	u64 ticks = vclock_ticks(&rtc->crystal, vtime_now(rtc->p));

	if (!(rtc->cmos[REG_B] & B_PERIODIC) || !period)
		vtimer_stop(&rtc->periodic);
	else
		vtimer_arm(&rtc->periodic,
			   vclock_tsc(&rtc->crystal, (ticks / period + 1) * period));
}

static void update_expired(struct timer *timer)
{
	struct vrtc *rtc = container_of(timer, struct vrtc, update.timer);

	ticket_lock(&rtc->lock);
	if (vtimer_due(&rtc->update)) {
		raise(rtc, alarm_matches(rtc, now_seconds(rtc)) ? B_UPDATE | B_ALARM : B_UPDATE);
		schedule_update(rtc);
	}
	ticket_unlock(&rtc->lock);
}

static void periodic_expired(struct timer *timer)
{
	struct vrtc *rtc = container_of(timer, struct vrtc, periodic.timer);

	ticket_lock(&rtc->lock);
	if (vtimer_due(&rtc->periodic)) {
		raise(rtc, B_PERIODIC);
		schedule_periodic(rtc);
	}
	ticket_unlock(&rtc->lock);
}

/* Flags of events that no timer was set for, since no interrupt was wanted. */
static u8 polled_flags(struct vrtc *rtc)
{
	u64 ticks = vclock_ticks(&rtc->crystal, vtime_now(rtc->p));
	u32 period = period_ticks(rtc);
	s64 second = now_seconds(rtc);
	u8 flags = 0;

	if (period && ticks / period != rtc->seen_ticks / period)
		flags |= B_PERIODIC;
	if (second != rtc->seen_second && !(rtc->cmos[REG_B] & B_SET))
		flags |= alarm_matches(rtc, second) ? B_UPDATE | B_ALARM : B_UPDATE;
	rtc->seen_ticks = ticks;
	rtc->seen_second = second;
	return flags & (u8)~rtc->cmos[REG_B];
}

/* --- registers; all with the lock held ---------------------------------------------------------
 */

static u8 read_a(const struct vrtc *rtc)
{
	bool counting = !(rtc->cmos[REG_B] & B_SET) && !A_DIVIDER_OFF(rtc->cmos[REG_A]);
	bool soon = utc_ns(rtc) % NS >= NS - UPDATE_NS;

	return rtc->cmos[REG_A] | (counting && soon ? A_UPDATING : 0);
}

static u8 read_c(struct vrtc *rtc)
{
	u8 value = rtc->cmos[REG_C] | polled_flags(rtc);

	rtc->cmos[REG_C] = 0;
	platform_irq(rtc->p, LAYOUT_GSI_RTC, false);
	return value;
}

static u8 read_register(struct vrtc *rtc, u8 reg)
{
	if (reg == REG_A)
		return read_a(rtc);
	if (reg == REG_C)
		return read_c(rtc);
	if (reg == REG_D)
		return D_VALID;
	if (is_time(reg) && !(rtc->cmos[REG_B] & B_SET))
		store_time(rtc, now_seconds(rtc));
	return rtc->cmos[reg];
}

static void set_clock(struct vrtc *rtc)
{
	rtc->difference += load_time(rtc) - now_seconds(rtc);
}

static void write_b(struct vrtc *rtc, u8 value)
{
	u8 before = rtc->cmos[REG_B];

	/* SET freezes the registers, and ending it starts the clock from them. */
	if (value & ~before & B_SET) {
		store_time(rtc, now_seconds(rtc));
		value &= (u8)~B_UPDATE;
	}
	rtc->cmos[REG_B] = value;
	if (before & ~value & B_SET)
		set_clock(rtc);
	schedule_update(rtc);
	schedule_periodic(rtc);
	raise(rtc, 0);
}

static void write_time(struct vrtc *rtc, u8 reg, u8 value)
{
	bool frozen = rtc->cmos[REG_B] & B_SET;

	if (!frozen)
		store_time(rtc, now_seconds(rtc));
	rtc->cmos[reg] = value;
	if (!frozen)
		set_clock(rtc);
}

static void write_register(struct vrtc *rtc, u8 reg, u8 value)
{
	if (is_time(reg)) {
		write_time(rtc, reg, value);
	} else if (reg == REG_A) {
		rtc->cmos[REG_A] = value & (u8)~A_UPDATING;
		schedule_periodic(rtc);
	} else if (reg == REG_B) {
		write_b(rtc, value);
	} else if (reg != REG_C && reg != REG_D) {
		rtc->cmos[reg] = value;
	}
}

static u64 rtc_read(void *dev, u64 offset, unsigned size)
{
	struct vrtc *rtc = dev;
	u8 value;

	(void)size;
	if (!offset)
		return 0xff; /* the index cannot be read */
	ticket_lock(&rtc->lock);
	value = read_register(rtc, rtc->index);
	ticket_unlock(&rtc->lock);
	return value;
}

static void rtc_write(void *dev, u64 offset, unsigned size, u64 value)
{
	struct vrtc *rtc = dev;

	(void)size;
	ticket_lock(&rtc->lock);
	if (offset)
		write_register(rtc, rtc->index, (u8)value);
	else
		rtc->index = value & (CMOS_SIZE - 1); /* bit 7 masks NMI, of which there is none */
	ticket_unlock(&rtc->lock);
}

static const struct bus_ops rtc_ops = {rtc_read, rtc_write};

/* --- life cycle --------------------------------------------------------------------------------
 */

static void put16(u8 *at, u64 value)
{
	at[0] = (u8)value;
	at[1] = (u8)(value >> 8);
}

static void fill_memory(struct vrtc *rtc)
{
	u64 ram = rtc->p->ram_size, low = MIN(ram, LAYOUT_LOW_RAM_END);
	u64 extended = low > MIB(1) ? MIN((low - MIB(1)) / 1024, 65535) : 0;
	u64 high = (ram - low) / KIB(64);

	put16(&rtc->cmos[BASE_MEMORY], 640);
	put16(&rtc->cmos[EXTENDED_MEMORY], extended);
	put16(&rtc->cmos[EXTENDED_MEMORY2], extended);
	put16(&rtc->cmos[MEMORY_16M], low > MIB(16) ? (low - MIB(16)) / KIB(64) : 0);
	put16(&rtc->cmos[MEMORY_4G], high);
	rtc->cmos[MEMORY_4G + 2] = (u8)(high >> 16);
}

static void fill_checksum(struct vrtc *rtc)
{
	u32 sum = 0;

	for (unsigned i = 0x10; i < CHECKSUM; i++)
		sum += rtc->cmos[i];
	rtc->cmos[CHECKSUM] = (u8)(sum >> 8);
	rtc->cmos[CHECKSUM + 1] = (u8)sum;
}

void vrtc_reset(struct vrtc *rtc)
{
	ticket_lock(&rtc->lock);
	/* RESET clears the interrupt enables and flags (data sheet, "RESET"). */
	rtc->cmos[REG_A] = 0x26;
	rtc->cmos[REG_B] = B_24H;
	rtc->cmos[REG_C] = 0;
	rtc->index = 0;
	vtimer_stop(&rtc->update);
	vtimer_stop(&rtc->periodic);
	ticket_unlock(&rtc->lock);
}

int vrtc_create(struct platform *p)
{
	struct vrtc *rtc = heap_alloc(sizeof(*rtc));
	const struct bus_range range = {0x70, 2, &rtc_ops, rtc, "rtc", true};

	if (!rtc)
		return trace_err(ERR_NOMEM, "no memory for the real-time clock");
	rtc->p = p;
	p->rtc = rtc;
	vclock_init(&rtc->crystal, p->tsc_hz, RTC_HZ);
	rtc->tsc_to_ns = time_scale_make(p->tsc_hz, NS);
	rtc->ns_to_tsc = time_scale_make(NS, p->tsc_hz);
	vtimer_init(&rtc->update, p, update_expired);
	vtimer_init(&rtc->periodic, p, periodic_expired);
	vrtc_reset(rtc);
	rtc->cmos[EQUIPMENT] = 0x02; /* coprocessor, no floppy, no display */
	fill_memory(rtc);
	fill_checksum(rtc);
	return bus_add(&p->ports, &range);
}

void vrtc_destroy(struct vrtc *rtc)
{
	if (!rtc)
		return;
	vtimer_destroy(&rtc->update);
	vtimer_destroy(&rtc->periodic);
	heap_free(rtc);
}
