/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtual local APIC: priorities, modes, messages, registers. */
#include "tests/host/vdev/fixture.h"

#include "arch/x86/cpu/msr.h"
#include "vmm/vm/layout.h"

#define LAPIC(n) (fx.p.lapic[n])
#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

static void write_ok(unsigned cpu, u32 msr, u64 value)
{
	assert_int_equal(vlapic_msr_write(LAPIC(cpu), msr, value), 0);
}

static void write_gp(unsigned cpu, u32 msr, u64 value)
{
	assert_int_equal(vlapic_msr_write(LAPIC(cpu), msr, value), ERR_INVAL);
}

static u64 read_ok(unsigned cpu, u32 msr)
{
	u64 value = 0;

	assert_int_equal(vlapic_msr_read(LAPIC(cpu), msr, &value), 0);
	return value;
}

static void read_gp(unsigned cpu, u32 msr)
{
	u64 value;

	assert_int_equal(vlapic_msr_read(LAPIC(cpu), msr, &value), ERR_INVAL);
}

static void reset_values(void **state)
{
	struct vlapic *v = LAPIC(1);

	(void)state;
	assert_int_equal(vlapic_mmio_read(v, 0x20), 1u << 24);
	assert_int_equal(vlapic_mmio_read(v, 0x30), 0x50014);
	assert_int_equal(vlapic_mmio_read(v, 0xe0), 0xffffffff);
	assert_int_equal(vlapic_mmio_read(v, 0xf0), 0xff);
	for (u32 lvt = 0x320; lvt <= 0x370; lvt += 16)
		assert_int_equal(vlapic_mmio_read(v, lvt), 0x10000);
	assert_int_equal(vlapic_mode(v), VIRT_APIC_XAPIC);
	assert_int_equal(read_ok(0, MSR_IA32_APIC_BASE), 0xfee00900);
	assert_int_equal(read_ok(1, MSR_IA32_APIC_BASE), 0xfee00800);
	/* The boot processor as firmware leaves it. */
	assert_true(vlapic_extint_enabled(LAPIC(0)));
	assert_false(vlapic_extint_enabled(v));
}

static void highest_first_and_in_service(void **state)
{
	struct vlapic *v = LAPIC(0);

	(void)state;
	vlapic_post(v, 0x31, false);
	vlapic_post(v, 0xfe, false);
	vlapic_post(v, 0x82, false);
	assert_int_equal(fx.kicks[0], 1);
	assert_true(vlapic_pi(v)->control & VIRT_PI_ON);
	assert_false(vlapic_has_request(v));
	vlapic_sync(v);
	assert_false(vlapic_pi(v)->control & VIRT_PI_ON);
	assert_true(vlapic_has_request(v));
	assert_int_equal(vlapic_next(v), 0xfe);
	assert_int_equal(take(0), 0xfe);
	assert_int_equal(vlapic_isr(v), 0xfe);
	assert_int_equal(vlapic_irr(v), 0x82);
	assert_int_equal(take(0), -1);
	assert_int_equal(vlapic_mmio_read(v, 0xa0), 0xf0);
	vlapic_mmio_write(v, 0xb0, 0);
	assert_int_equal(take(0), 0x82);
	/* The same class waits, a higher one nests. */
	vlapic_post(v, 0x8f, false);
	assert_int_equal(take(0), -1);
	vlapic_post(v, 0x90, false);
	assert_int_equal(take(0), 0x90);
	vlapic_mmio_write(v, 0xb0, 0);
	vlapic_mmio_write(v, 0xb0, 0);
	assert_int_equal(take(0), 0x8f);
	vlapic_mmio_write(v, 0xb0, 0);
	assert_int_equal(take(0), 0x31);
	vlapic_mmio_write(v, 0xb0, 0);
	vlapic_mmio_write(v, 0xb0, 0); /* one too many */
	assert_int_equal(vlapic_isr(v), 0);
}

static void task_priority_blocks(void **state)
{
	struct vlapic *v = LAPIC(0);

	(void)state;
	assert_int_equal(vlapic_tpr_threshold(v), 0);
	vlapic_post(v, 0x45, false);
	vlapic_sync(v);
	vlapic_set_tpr(v, 0x40);
	assert_int_equal(take(0), -1);
	assert_int_equal(vlapic_tpr_threshold(v), 4);
	assert_int_equal(vlapic_next(v), -1);
	vlapic_set_tpr(v, 0x3f);
	assert_int_equal(vlapic_tpr_threshold(v), 0);
	assert_int_equal(vlapic_mmio_read(v, 0xa0), 0x3f);
	assert_int_equal(take(0), 0x45);
	assert_int_equal(vlapic_mmio_read(v, 0xa0), 0x40);
	assert_int_equal(vlapic_mmio_read(v, 0x90), 0x40);
}

static void every_vector_is_delivered_once(void **state)
{
	struct vlapic *v = LAPIC(0);

	(void)state;
	for (unsigned i = 16; i < 256; i++) {
		vlapic_post(v, (u8)i, false);
		vlapic_post(v, (u8)i, false);
	}
	for (unsigned i = 255; i >= 16; i--) {
		assert_int_equal(take(0), i);
		vlapic_mmio_write(v, 0xb0, 0);
	}
	assert_int_equal(take(0), -1);
	assert_int_equal(vlapic_irr(v), 0);
}

static void hardware_may_change_the_page(void **state)
{
	struct vlapic *v = LAPIC(0);
	u32 *page = vlapic_page(v);

	(void)state;
	virt_caps.virq_delivery = true;
	vlapic_post(v, 0x61, false);
	vlapic_sync(v);
	assert_int_equal(vlapic_irr(v), 0x61);
	page[(0x200 + 3 * 16) / 4] = 0; /* the processor has delivered it */
	page[(0x100 + 3 * 16) / 4] = 2;
	assert_int_equal(vlapic_irr(v), 0);
	assert_int_equal(vlapic_isr(v), 0x61);
	page[(0x100 + 3 * 16) / 4] = 0;
	assert_int_equal(vlapic_isr(v), 0);
	/* It is told what we have changed, once. */
	assert_true(vlapic_status_changed(v));
	assert_false(vlapic_status_changed(v));
	page[(0x100 + 3 * 16) / 4] = 2;
	vlapic_mmio_write(v, 0xb0, 0); /* an EOI that hardware has left to us */
	assert_true(vlapic_status_changed(v));
	assert_int_equal(vlapic_isr(v), 0);
	vlapic_reset(v, false);
	assert_true(vlapic_status_changed(v));
}

static void software_disable(void **state)
{
	struct vlapic *v = LAPIC(0);

	(void)state;
	vlapic_mmio_write(v, 0x370, 0x50);
	vlapic_mmio_write(v, 0xf0, 0xff);
	assert_int_equal(vlapic_mmio_read(v, 0x370), 0x10050);
	vlapic_mmio_write(v, 0x370, 0x51); /* cannot be unmasked while off */
	assert_int_equal(vlapic_mmio_read(v, 0x370), 0x10051);
	vlapic_post(v, 0x55, false);
	assert_int_equal(take(0), -1);
	assert_false(vlapic_extint_enabled(v));
}

static void base_msr_transitions(void **state)
{
	(void)state;
	write_gp(0, MSR_IA32_APIC_BASE, 0xfee00500); /* x2APIC without enable */
	write_gp(0, MSR_IA32_APIC_BASE, 0xfed00900); /* moved */
	write_gp(0, MSR_IA32_APIC_BASE, 0xfee00901); /* reserved bit */
	write_gp(0, MSR_IA32_APIC_BASE, 0xfee00b00);
	write_gp(0, MSR_IA32_APIC_BASE, 1ull << 52 | 0xfee00900);
	read_gp(0, 0x802);
	write_ok(0, MSR_IA32_APIC_BASE, 0xfee00d00);
	assert_int_equal(vlapic_mode(LAPIC(0)), VIRT_APIC_X2APIC);
	assert_int_equal(vlapic_mmio_read(LAPIC(0), 0x20), 0xffffffff);
	write_gp(0, MSR_IA32_APIC_BASE, 0xfee00900); /* back to xAPIC */
	write_ok(0, MSR_IA32_APIC_BASE, 0xfee00100); /* off */
	assert_int_equal(vlapic_mode(LAPIC(0)), VIRT_APIC_DISABLED);
	assert_true(vlapic_extint_enabled(LAPIC(0))); /* the pin is INTR then */
	write_gp(0, MSR_IA32_APIC_BASE, 0xfee00d00);  /* off to x2APIC */
	write_ok(0, MSR_IA32_APIC_BASE, 0xfee00900);
	assert_int_equal(read_ok(0, MSR_IA32_APIC_BASE), 0xfee00900);
	assert_int_equal(vlapic_mmio_read(LAPIC(0), 0xf0), 0xff);
}

static void init_keeps_id_and_mode(void **state)
{
	(void)state;
	lapic_x2apic(3);
	write_ok(3, 0x832, 0x33);
	vlapic_reset(LAPIC(3), true);
	assert_int_equal(vlapic_mode(LAPIC(3)), VIRT_APIC_X2APIC);
	assert_int_equal(read_ok(3, 0x802), 3);
	assert_int_equal(read_ok(3, 0x80d), 1 << 3);
	assert_int_equal(read_ok(3, 0x832), 0x10000);
	vlapic_reset(LAPIC(3), false);
	assert_int_equal(vlapic_mode(LAPIC(3)), VIRT_APIC_XAPIC);
}

static void x2apic_reserved_bits(void **state)
{
	static const struct {
		u32 msr;
		u64 good, bad;
	} cases[] = {
	    {0x808, 0xff, 0x100},
	    {0x80b, 0, 1},
	    {0x80f, 0x3ff, 0x400},
	    {0x828, 0, 1},
	    {0x832, 0x510ff, 0x800ff},
	    {0x832, 0, 0x100},
	    {0x833, 0x107ff, 0x2000},
	    {0x834, 0x107ff, 0x800},
	    {0x835, 0x1a7ff, 0x800},
	    {0x836, 0x1f7ff, 0x20000},
	    {0x837, 0x100ff, 0x100},
	    {0x838, 0xffffffff, 1ull << 32},
	    {0x83e, 0xb, 0x4},
	    {0x83f, 0xff, 0x100},
	    {0x830, 0x000c0840, 0x00001040},
	    {0x830, 0x000c4040, 0x00100040},
	    {0x830, 0x40, 0x80000040},
	};
	/* Read only, write only, absent. */
	static const u32 no_write[] = {0x802, 0x803, 0x80a, 0x80d, 0x810, 0x820, 0x839, 0x80e,
				       0x831, 0x82f, 0x800, 0x840, 0x8ff, 0x809, 0x80c};
	static const u32 no_read[] = {0x80b, 0x83f, 0x80e, 0x831, 0x82f, 0x800, 0x840, 0x8ff};

	(void)state;
	read_gp(2, 0x808);
	write_gp(2, 0x808, 0);
	lapic_x2apic(2);
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		write_ok(2, cases[i].msr, cases[i].good);
		write_gp(2, cases[i].msr, cases[i].bad);
		if (cases[i].msr != 0x830)
			write_gp(2, cases[i].msr, cases[i].good | 1ull << 63);
		write_ok(2, 0x80f, 0x1ff);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(no_write); i++)
		write_gp(2, no_write[i], 0);
	for (unsigned i = 0; i < ARRAY_SIZE(no_read); i++)
		read_gp(2, no_read[i]);
}

static void ipi_physical(void **state)
{
	(void)state;
	lapic_enable(1);
	lapic_enable(2);
	vlapic_mmio_write(LAPIC(0), 0x310, 2u << 24);
	vlapic_mmio_write(LAPIC(0), 0x300, 0x4041);
	assert_int_equal(fx.kicks[2], 1);
	assert_int_equal(take(2), 0x41);
	assert_int_equal(take(1), -1);
	vlapic_mmio_write(LAPIC(0), 0x310, 0xffu << 24); /* everybody; 3 is off */
	vlapic_mmio_write(LAPIC(0), 0x300, 0x4061);
	assert_int_equal(take(0), 0x61);
	assert_int_equal(take(1), 0x61);
	assert_int_equal(take(2), 0x61);
	assert_int_equal(take(3), -1);
	vlapic_mmio_write(LAPIC(0), 0x310, 77u << 24); /* nobody */
	vlapic_mmio_write(LAPIC(0), 0x300, 0x4071);
}

static void ipi_shorthands(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		lapic_x2apic(i);
	write_ok(1, 0x830, 0xc4050); /* all but self */
	assert_int_equal(take(0), 0x50);
	assert_int_equal(take(1), -1);
	assert_int_equal(take(3), 0x50);
	write_ok(1, 0x830, 0x84060); /* all */
	assert_int_equal(take(1), 0x60);
	assert_int_equal(take(0), 0x60);
	write_ok(1, 0x830, 0x44070); /* self */
	assert_int_equal(take(1), 0x70);
	write_ok(1, 0x83f, 0x80);
	write_ok(1, 0x83f, 0x0f); /* illegal: an error */
	write_ok(1, 0x828, 0);
	assert_int_equal(read_ok(1, 0x828), 0x20);
	assert_int_equal(take(1), 0x80);
	assert_int_equal(fx.kicks[1], 0);
	write_ok(1, 0x830, 0xc4400); /* NMI to the others */
	assert_int_equal(fx.nmis[0] + fx.nmis[2] + fx.nmis[3], 3);
	assert_int_equal(fx.nmis[1], 0);
	write_ok(1, 0x830, 0x44400); /* to oneself only vectors can be sent */
	assert_int_equal(fx.nmis[1], 0);
}

static void init_and_sipi(void **state)
{
	(void)state;
	vlapic_mmio_write(LAPIC(0), 0x310, 1u << 24);
	vlapic_mmio_write(LAPIC(0), 0x300, 0xc500);
	vlapic_mmio_write(LAPIC(0), 0x300, 0x8500); /* de-assert does nothing */
	assert_int_equal(fx.inits[1], 1);
	vlapic_mmio_write(LAPIC(0), 0x300, 0x4699);
	assert_int_equal(fx.sipis[1], 1);
	assert_int_equal(fx.sipi_vector, 0x99);
	vlapic_mmio_write(LAPIC(0), 0x300, 0xc4500); /* as Linux does to all others */
	assert_int_equal(fx.inits[0], 0);
	assert_int_equal(fx.inits[1] + fx.inits[2] + fx.inits[3], 4);
}

static void logical_flat_and_cluster(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		lapic_enable(i);
		vlapic_mmio_write(LAPIC(i), 0xd0, 1u << (24 + i));
	}
	vlapic_mmio_write(LAPIC(0), 0x310, 0x0au << 24);
	vlapic_mmio_write(LAPIC(0), 0x300, 0x4842);
	assert_int_equal(take(0), -1);
	assert_int_equal(take(1), 0x42);
	assert_int_equal(take(2), -1);
	assert_int_equal(take(3), 0x42);
	for (unsigned i = 0; i < 4; i++) {
		vlapic_mmio_write(LAPIC(i), 0xb0, 0);
		vlapic_mmio_write(LAPIC(i), 0xe0, 0x0fffffff);
		vlapic_mmio_write(LAPIC(i), 0xd0, (i / 2 << 4 | 1u << i % 2) << 24);
	}
	vlapic_mmio_write(LAPIC(0), 0x310, 0x13u << 24); /* both of cluster 1 */
	vlapic_mmio_write(LAPIC(0), 0x300, 0x4852);
	assert_int_equal(take(1), -1);
	assert_int_equal(take(2), 0x52);
	assert_int_equal(take(3), 0x52);
	vlapic_mmio_write(LAPIC(0), 0x310, 0xffu << 24);
	vlapic_mmio_write(LAPIC(0), 0x300, 0x4862);
	assert_int_equal(take(1), 0x62);
}

static void logical_x2apic(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		lapic_x2apic(i);
	assert_int_equal(read_ok(2, 0x80d), 4);
	write_ok(0, 0x830, 6ull << 32 | 0x4842); /* bits 1 and 2 of cluster 0 */
	assert_int_equal(take(0), -1);
	assert_int_equal(take(1), 0x42);
	assert_int_equal(take(2), 0x42);
	assert_int_equal(take(3), -1);
	write_ok(0, 0x830, 0x1000full << 32 | 0x4852); /* nobody in cluster 1 */
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(take(i), -1);
	write_ok(0, 0x830, 9ull << 32 | 0x4c00 | 0x62); /* NMI, slower way */
	assert_int_equal(fx.nmis[0] + fx.nmis[3], 2);
	write_ok(0, 0x830, 77ull << 32 | 0x4052);     /* nobody */
	write_ok(0, 0x830, 0xff00ull << 32 | 0x4852); /* of the cluster, but absent */
	write_ok(0, 0x830, 0xffffffffull << 32 | 0x4052);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(take(i), 0x52);
	assert_int_equal(read_ok(0, 0x830), 0xffffffffull << 32 | 0x4052);
}

static void lowest_priority_goes_round(void **state)
{
	unsigned got[4] = {0};

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		lapic_enable(i);
		vlapic_mmio_write(LAPIC(i), 0xd0, 1u << (24 + i));
	}
	for (unsigned n = 0; n < 12; n++) {
		platform_msi(&fx.p, 0xfee0700c, 0x4100 | 0x50); /* logical 7, lowest */
		for (unsigned i = 0; i < 4; i++) {
			if (take(i) < 0)
				continue;
			got[i]++;
			vlapic_mmio_write(LAPIC(i), 0xb0, 0);
		}
	}
	assert_int_equal(got[0] + got[1] + got[2], 12);
	for (unsigned i = 0; i < 3; i++)
		assert_true(got[i] >= 3);
}

static void messages_by_msi(void **state)
{
	(void)state;
	lapic_enable(1);
	platform_msi(&fx.p, 0xfee01000, 0x45);
	assert_int_equal(take(1), 0x45);
	platform_msi(&fx.p, 0xfee01004, 0x55); /* mode without hint counts as physical */
	assert_int_equal(take(1), 0x55);
	platform_msi(&fx.p, 0xfed01000, 0x65);
	assert_int_equal(take(1), -1);
	platform_msi(&fx.p, 0xfee01000, 0x0400);
	assert_int_equal(fx.nmis[1], 1);
}

static void errors_are_latched(void **state)
{
	struct vlapic *v = LAPIC(0);

	(void)state;
	vlapic_mmio_write(v, 0x370, 0xee);
	vlapic_mmio_write(v, 0x300, 0x44005); /* illegal vector to oneself */
	assert_int_equal(vlapic_mmio_read(v, 0x280), 0);
	assert_int_equal(take(0), 0xee);
	vlapic_mmio_write(v, 0x280, 0);
	assert_int_equal(vlapic_mmio_read(v, 0x280), 0x20);
	vlapic_mmio_write(v, 0x280, 0);
	assert_int_equal(vlapic_mmio_read(v, 0x280), 0);
	vlapic_mmio_read(v, 0x40);
	vlapic_post(v, 3, false);
	vlapic_mmio_write(v, 0x280, 0);
	assert_int_equal(vlapic_mmio_read(v, 0x280), 0xc0);
	vlapic_mmio_write(v, 0x370, 0x05); /* an error about the error's own vector ends */
	vlapic_mmio_read(v, 0x40);
}

static void level_bitmap_for_hardware(void **state)
{
	u64 map[4];

	(void)state;
	assert_false(vlapic_eoi_bitmap(LAPIC(0), map));
	vlapic_post(LAPIC(0), 0x99, true);
	assert_true(vlapic_eoi_bitmap(LAPIC(0), map));
	assert_int_equal(map[2], 1ull << (0x99 - 128));
	assert_false(vlapic_eoi_bitmap(LAPIC(0), map));
	vlapic_post(LAPIC(0), 0x99, false);
	assert_true(vlapic_eoi_bitmap(LAPIC(0), map));
	assert_int_equal(map[2], 0);
}

/* Hardware that has been told of a vector takes all that are posted; not before it knows of the
 * new trigger mode, also when somebody else's notification is under way. */
static void a_new_trigger_mode_waits_for_the_bitmap(void **state)
{
	struct vlapic *v = LAPIC(0);
	u64 map[4];

	(void)state;
	virt_caps.virq_delivery = true;
	vlapic_post(v, 0x31, false);
	assert_true(vlapic_pi(v)->control & VIRT_PI_ON);
	assert_int_equal(fx.kicks[0], 1);
	vlapic_post(v, 0x99, true);
	vlapic_post(v, 0x99, true);
	assert_int_equal(vlapic_pi(v)->pir[2], 0);
	assert_true(fx.kicks[0] > 1);
	vlapic_sync(v);
	assert_int_equal(vlapic_irr(v), 0x99);
	assert_true(vlapic_eoi_bitmap(v, map));
	assert_int_equal(map[2], 1ull << (0x99 - 128));
	/* From now on as any other. */
	vlapic_post(v, 0x99, true);
	assert_int_equal(vlapic_pi(v)->pir[2], 1ull << (0x99 - 128));
	vlapic_post(v, 0x99, false);
	vlapic_reset(v, false);
	vlapic_sync(v);
	assert_int_equal(vlapic_irr(v), 0);
}

/* Hardware that looks into IRR finds there what is posted; a bit that is there already may be its
 * own, and tells nobody that it is ours, too. */
static void posted_into_irr(void **state)
{
	struct vlapic *v = LAPIC(0);
	u32 *page = vlapic_page(v);
	u64 map[4];

	(void)state;
	virt_caps.virq_delivery = virt_caps.posted_irr = true;
	vlapic_post(v, 0x31, false);
	assert_int_equal(page[(0x200 + 16) / 4], 1u << 17);
	assert_int_equal(vlapic_pi(v)->pir[0] | vlapic_pi(v)->control, 0);
	assert_int_equal(fx.kicks[0], 1);
	vlapic_post(v, 0x31, false);
	assert_int_equal(fx.kicks[0], 2);
	/* A new trigger mode waits for its own vCPU, which alone writes TMR. */
	vlapic_post(v, 0x99, true);
	assert_int_equal(page[(0x200 + 4 * 16) / 4], 0);
	assert_int_equal(page[(0x180 + 4 * 16) / 4], 0);
	assert_int_equal(fx.kicks[0], 3);
	vlapic_sync(v);
	assert_int_equal(vlapic_irr(v), 0x99);
	assert_int_equal(page[(0x180 + 4 * 16) / 4], 1u << 25);
	assert_true(vlapic_eoi_bitmap(v, map));
	vlapic_post(v, 0x9a, false);
	assert_int_equal(vlapic_irr(v), 0x9a);
	/* Software may deliver as well: then it goes by ISR, whatever PPR was left. */
	page[0xa0 / 4] = 0xf0;
	assert_int_equal(vlapic_tpr_threshold_scan(v), 0);
	vlapic_set_tpr(v, 0x93);
	assert_int_equal(vlapic_next(v), -1);
	assert_int_equal(vlapic_tpr_threshold_scan(v), 9);
	vlapic_set_tpr(v, 0);
	assert_int_equal(vlapic_take(v), 0x9a);
	assert_int_equal(vlapic_take(v), -1);
	assert_int_equal(vlapic_irr(v), 0x99);
	assert_int_equal(vlapic_isr(v), 0x9a);
}

/* An IPI that hardware has requested is not sent again; those that have it still are told. */
static void ipis_that_hardware_began(void **state)
{
	(void)state;
	virt_caps.virq_delivery = virt_caps.posted_irr = true;
	for (unsigned i = 0; i < 4; i++)
		lapic_x2apic(i);
	memset(fx.kicks, 0, sizeof(fx.kicks));
	((u32 *)vlapic_page(LAPIC(2)))[(0x200 + 7 * 16) / 4] = 1u << 29;
	vlapic_after_ipi(LAPIC(1), 0xc10fd, true);
	assert_int_equal(fx.kicks[2], 1);
	assert_int_equal(fx.kicks[0] + fx.kicks[1] + fx.kicks[3], 0);
	assert_int_equal(vlapic_irr(LAPIC(0)) | vlapic_irr(LAPIC(3)), 0);
	/* The bit that was Delivery Status is not left behind. */
	assert_int_equal(((u32 *)vlapic_page(LAPIC(1)))[0x300 / 4], 0xc00fd);
	vlapic_after_ipi(LAPIC(1), 3ull << 32 | 0x10fd, false);
	assert_int_equal(fx.kicks[3], 1);
	assert_int_equal(vlapic_irr(LAPIC(3)), 0xfd);
	/* To itself, and a kind that hardware does not know. */
	vlapic_after_ipi(LAPIC(1), 0x400fb, false);
	assert_int_equal(vlapic_irr(LAPIC(1)), 0xfb);
	vlapic_after_ipi(LAPIC(1), 2ull << 32 | 0x400, false);
	assert_int_equal(fx.nmis[2], 1);
}

static void mmio_parts_and_borders(void **state)
{
	struct vlapic *v = LAPIC(2);

	(void)state;
	assert_int_equal(vlapic_mmio_read(v, 0x23), 2);
	assert_int_equal(vlapic_mmio_read(v, 0x24), 0);
	vlapic_mmio_write(v, 0x20, 0x77000000); /* the ID is fixed */
	assert_int_equal(vlapic_mmio_read(v, 0x20), 2u << 24);
	for (u32 offset = 0; offset < 0x2000; offset += 3) {
		vlapic_mmio_read(v, offset);
		if ((offset & 0xff0) != 0x300)
			vlapic_mmio_write(v, offset, offset * 0x01010101);
	}
	/* Trap-like writes of hardware. */
	((u32 *)vlapic_page(v))[0x20 / 4] = 0x55;
	vlapic_after_write(v, 0x20);
	assert_int_equal(vlapic_mmio_read(v, 0x20), 2u << 24);
	((u32 *)vlapic_page(v))[0xf0 / 4] = 0xffffffff;
	vlapic_after_write(v, 0xf0);
	assert_int_equal(vlapic_mmio_read(v, 0xf0), 0x3ff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(reset_values),
	    TEST(highest_first_and_in_service),
	    TEST(task_priority_blocks),
	    TEST(every_vector_is_delivered_once),
	    TEST(hardware_may_change_the_page),
	    TEST(software_disable),
	    TEST(base_msr_transitions),
	    TEST(init_keeps_id_and_mode),
	    TEST(x2apic_reserved_bits),
	    TEST(ipi_physical),
	    TEST(ipi_shorthands),
	    TEST(init_and_sipi),
	    TEST(logical_flat_and_cluster),
	    TEST(logical_x2apic),
	    TEST(lowest_priority_goes_round),
	    TEST(messages_by_msi),
	    TEST(errors_are_latched),
	    TEST(level_bitmap_for_hardware),
	    TEST(a_new_trigger_mode_waits_for_the_bitmap),
	    TEST(posted_into_irr),
	    TEST(ipis_that_hardware_began),
	    TEST(mmio_parts_and_borders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
