/* SPDX-License-Identifier: BSD-2-Clause */
/* ACPI fixed hardware and the reset ports. */
#include "vmm/vdev/vpm.h"

#include <string.h>

#include "kernel/mm/heap.h"
#include "kernel/sync/ticketlock.h"
#include "vmm/vdev/platform.h"
#include "vmm/vdev/vtime.h"
#include "vmm/vm/layout.h"

/* PM1 status and enable bits (ACPI 6.4, tables 4.11 and 4.12). */
#define PM1_TIMER BIT(0)
#define PM1_GLOBAL BIT(5)
#define PM1_POWER_BUTTON BIT(8)
#define PM1_RTC BIT(10)
/* Nothing sleeps here, so the RTC wakes nobody; but its event can be enabled. */
#define PM1_ENABLE (PM1_TIMER | PM1_GLOBAL | PM1_POWER_BUTTON | PM1_RTC)
/* PM1 control. */
#define PM1_SCI_EN BIT(0)
#define PM1_SLP_TYP(cnt) ((cnt) >> 10 & 7)
#define PM1_SLP_EN BIT(13)
#define PM1_CONTROL 0x1c02u /* bits that are kept: bus master reload, sleep type */

#define TIMER_TOGGLE 31 /* the bit whose change sets the timer's status */

struct vpm {
	struct ticketlock lock;
	struct platform *p;
	struct vclock clock;
	struct vtimer timer; /* the next change of the timer's highest bit */
	u16 status, enable, control;
	u64 toggles; /* changes of that bit that status knows of */
	bool sci;
	u8 reset_control;
	u8 port92;
	u8 kbc_command; /* keyboard controller command that waits for its data */
	bool kbc_output;
	u8 kbc_data;
};

/* --- events; all with the lock held ------------------------------------------------------------
 */

static u64 timer_ticks(const struct vpm *pm)
{
	return vclock_ticks(&pm->clock, vtime_now(pm->p));
}

static void update_timer_status(struct vpm *pm)
{
	u64 toggles = timer_ticks(pm) >> TIMER_TOGGLE;

	if (toggles == pm->toggles)
		return;
	pm->toggles = toggles;
	pm->status |= PM1_TIMER;
}

static void update(struct vpm *pm)
{
	bool sci;

	update_timer_status(pm);
	sci = pm->status & pm->enable;
	if (!(pm->enable & PM1_TIMER))
		vtimer_stop(&pm->timer);
	else if (pm->timer.deadline == VTIMER_OFF)
		vtimer_arm(&pm->timer, vclock_tsc(&pm->clock, (pm->toggles + 1) << TIMER_TOGGLE));
	if (sci == pm->sci)
		return;
	pm->sci = sci;
	platform_irq(pm->p, LAYOUT_GSI_SCI, sci);
}

static void timer_expired(struct timer *timer)
{
	struct vpm *pm = container_of(timer, struct vpm, timer.timer);

	ticket_lock(&pm->lock);
	if (vtimer_due(&pm->timer))
		update(pm);
	ticket_unlock(&pm->lock);
}

void vpm_power_button(struct vpm *pm)
{
	ticket_lock(&pm->lock);
	pm->status |= PM1_POWER_BUTTON;
	update(pm);
	ticket_unlock(&pm->lock);
}

/* --- PM registers ------------------------------------------------------------------------------
 */

static u32 read_dword(struct vpm *pm, u64 offset)
{
	switch (offset) {
	case VPM_PM1_EVT:
		update(pm);
		return pm->status | (u32)pm->enable << 16;
	case VPM_PM1_CNT:
		/* There is no other mode to switch from: SCI_EN is always set. */
		return pm->control | PM1_SCI_EN;
	case VPM_TIMER:
		return (u32)timer_ticks(pm);
	default:
		return 0;
	}
}

static u64 pm_read(void *dev, u64 offset, unsigned size)
{
	struct vpm *pm = dev;
	u32 value;

	(void)size;
	ticket_lock(&pm->lock);
	value = read_dword(pm, offset & ~3ull);
	ticket_unlock(&pm->lock);
	return value >> (offset & 3) * 8;
}

/* One byte of a register; true if it asks for power-off. */
static bool write_byte(struct vpm *pm, u64 offset, u8 value)
{
	unsigned shift = (offset & 1) * 8;
	u16 bits = (u16)(value << shift), lane = (u16)(0xff << shift);

	switch (offset & ~1ull) {
	case VPM_PM1_EVT:
		update_timer_status(pm);
		pm->status &= (u16)~bits;
		return false;
	case VPM_PM1_EVT + 2:
		pm->enable = (u16)((pm->enable & ~lane) | bits) & PM1_ENABLE;
		return false;
	case VPM_PM1_CNT:
		pm->control = (u16)((pm->control & ~lane) | bits) & PM1_CONTROL;
		return bits & PM1_SLP_EN && PM1_SLP_TYP(pm->control) == VPM_SLP_TYP_S5;
	default:
		return false;
	}
}

static void pm_write(void *dev, u64 offset, unsigned size, u64 value)
{
	struct vpm *pm = dev;
	bool off = false;

	ticket_lock(&pm->lock);
	for (unsigned i = 0; i < size; i++)
		off |= write_byte(pm, offset + i, (u8)(value >> i * 8));
	update(pm);
	ticket_unlock(&pm->lock);
	if (off)
		pm->p->host->power_off(pm->p->vm);
}

/* --- resets ------------------------------------------------------------------------------------
 */

static void reset_vm(struct vpm *pm)
{
	pm->p->host->reset(pm->p->vm);
}

u8 vpm_read_reset(struct vpm *pm)
{
	return __atomic_load_n(&pm->reset_control, __ATOMIC_RELAXED);
}

void vpm_write_reset(struct vpm *pm, u8 value)
{
	__atomic_store_n(&pm->reset_control, value & 0x0a, __ATOMIC_RELAXED);
	if (value & 0x04)
		reset_vm(pm);
}

/* Port 92h: bit 0 resets when it rises; bit 1 is A20, which is always open here. */
static u64 port92_read(void *dev, u64 offset, unsigned size)
{
	struct vpm *pm = dev;

	(void)offset;
	(void)size;
	return __atomic_load_n(&pm->port92, __ATOMIC_RELAXED);
}

static void port92_write(void *dev, u64 offset, unsigned size, u64 value)
{
	struct vpm *pm = dev;
	u8 before = __atomic_exchange_n(&pm->port92, (u8)value, __ATOMIC_RELAXED);

	(void)offset;
	(void)size;
	if (value & ~(u64)before & 1)
		reset_vm(pm);
}

/*
 * A keyboard controller without keyboard, as much of it as the switching of A20 and the
 * reset need: its buffers are always empty, or hold its output port.
 */
#define KBC_STATUS 0x1c /* self-test passed, last write was a command, not locked */
#define KBC_HAS_DATA 0x01
#define KBC_READ_OUTPUT 0xd0
#define KBC_WRITE_OUTPUT 0xd1
#define KBC_PULSE 0xf0
#define KBC_PORT_RUN 0x01 /* low: processor reset */
#define KBC_PORT_DEFAULT 0x03

static u64 kbc_read_data(void *dev, u64 offset, unsigned size)
{
	struct vpm *pm = dev;
	u8 value;

	(void)offset;
	(void)size;
	ticket_lock(&pm->lock);
	value = pm->kbc_output ? pm->kbc_data : 0;
	pm->kbc_output = false;
	ticket_unlock(&pm->lock);
	return value;
}

static void kbc_write_data(void *dev, u64 offset, unsigned size, u64 value)
{
	struct vpm *pm = dev;
	bool reset;

	(void)offset;
	(void)size;
	ticket_lock(&pm->lock);
	reset = pm->kbc_command == KBC_WRITE_OUTPUT && !(value & KBC_PORT_RUN);
	pm->kbc_command = 0;
	ticket_unlock(&pm->lock);
	if (reset)
		reset_vm(pm);
}

static u64 kbc_read_status(void *dev, u64 offset, unsigned size)
{
	struct vpm *pm = dev;

	(void)offset;
	(void)size;
	return KBC_STATUS | (__atomic_load_n(&pm->kbc_output, __ATOMIC_RELAXED) ? KBC_HAS_DATA : 0);
}

static void kbc_write_command(void *dev, u64 offset, unsigned size, u64 value)
{
	struct vpm *pm = dev;
	bool reset = value >= KBC_PULSE && !(value & KBC_PORT_RUN);

	(void)offset;
	(void)size;
	ticket_lock(&pm->lock);
	pm->kbc_command = (u8)value;
	if (value == KBC_READ_OUTPUT) {
		pm->kbc_output = true;
		pm->kbc_data = KBC_PORT_DEFAULT;
	}
	ticket_unlock(&pm->lock);
	if (reset)
		reset_vm(pm);
}

static const struct bus_ops pm_ops = {pm_read, pm_write};
static const struct bus_ops port92_ops = {port92_read, port92_write};
static const struct bus_ops kbc_data_ops = {kbc_read_data, kbc_write_data};
static const struct bus_ops kbc_command_ops = {kbc_read_status, kbc_write_command};

/* --- life cycle --------------------------------------------------------------------------------
 */

void vpm_reset(struct vpm *pm)
{
	ticket_lock(&pm->lock);
	pm->status = pm->enable = pm->control = 0;
	pm->toggles = timer_ticks(pm) >> TIMER_TOGGLE;
	pm->sci = false;
	pm->reset_control = 0;
	pm->port92 = 0x02;
	pm->kbc_command = 0;
	pm->kbc_output = false;
	vtimer_stop(&pm->timer);
	ticket_unlock(&pm->lock);
}

int vpm_create(struct platform *p)
{
	struct vpm *pm = heap_alloc(sizeof(*pm));
	const struct bus_range ranges[] = {
	    {LAYOUT_PM_BASE, VPM_SIZE, &pm_ops, pm, "acpi pm", false},
	    {0x92, 1, &port92_ops, pm, "port 92h", true},
	    {0x60, 1, &kbc_data_ops, pm, "8042", true},
	    {0x64, 1, &kbc_command_ops, pm, "8042", true},
	};
	int err = 0;

	if (!pm)
		return trace_err(ERR_NOMEM, "no memory for the ACPI registers");
	pm->p = p;
	p->pm = pm;
	vclock_init(&pm->clock, p->tsc_hz, VPM_TIMER_HZ);
	vtimer_init(&pm->timer, p, timer_expired);
	vpm_reset(pm);
	for (unsigned i = 0; !err && i < ARRAY_SIZE(ranges); i++)
		err = bus_add(&p->ports, &ranges[i]);
	return err;
}

void vpm_destroy(struct vpm *pm)
{
	if (!pm)
		return;
	vtimer_destroy(&pm->timer);
	heap_free(pm);
}
