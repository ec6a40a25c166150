/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices of the machine on their way to guests and back, with machines, firmware and guests that
 * do what they should not. */
#include "drivers/pci/regs.h"
#include "tests/host/vdev/pass_fake.h"
#include "vmm/vm/layout.h"

#define RESET_NS 250000000ull /* in which each reset is over */

static struct vm_config configs[3];
static struct vm vms[3];

/* The configuration: of which VM, and why it cannot be given. */
static struct node {
	u32 vm;
	const char *why;
	struct config_pass pass;
} nodes[] = {
    {0, NULL, {.name = "vf0", .vf = true, .bdf = FAKE_PF, .index = 1, .vlan = 7}},
    {1, NULL, {.name = "same", .vf = true, .bdf = FAKE_PF, .index = 1}},
    {0, NULL, {.name = "dev0", .bdf = PCI_BDF(FAKE_GOOD, 0, 0)}},
    {2, "first has index 0", {.name = "high", .vf = true, .bdf = FAKE_PF, .index = 9}},
    {2, "no such pf", {.name = "nowhere", .vf = true, .bdf = PCI_BDF(9, 0, 0)}},
    {2, "no virtual functions", {.name = "plain", .vf = true, .bdf = PCI_BDF(FAKE_GOOD, 0, 0)}},
    {2, "give those", {.name = "pf", .bdf = FAKE_PF}},
    {2, "no such function", {.name = "none", .bdf = PCI_BDF(0x55, 0, 0)}},
    {2, "a bridge", {.name = "bridge", .bdf = PCI_BDF(FAKE_BRIDGE, 0, 0)}},
    {2, "no MSI-X", {.name = "lines", .bdf = PCI_BDF(FAKE_NO_MSIX, 0, 0)}},
    {2, "reset on its own", {.name = "stuck", .bdf = PCI_BDF(FAKE_NO_RESET, 0, 0)}},
    {2, "access control", {.name = "shared", .bdf = PCI_BDF(FAKE_SHARED, 0, 0)}},
    {2, "units claim it", {.name = "twice", .bdf = PCI_BDF(FAKE_UNFIT, 0, 0)}},
    {2, "console", {.name = "owned", .bdf = PCI_BDF(FAKE_OWNED, 0, 0)}},
};

static struct pass *pass_named(const char *name)
{
	struct list *it;

	list_for_each (it, &pass_list)
		if (!strcmp(list_entry(it, struct pass, link)->config->name, name))
			return list_entry(it, struct pass, link);
	fail_msg("no device %s", name);
	return NULL;
}

/* --- once, as at boot --------------------------------------------------------------------------
 */

static int machine(void **state)
{
	static char *names[] = {"a", "b", "c"};
	static struct config config;

	if (fixture_setup(state))
		return -1;
	fake_machine_reset();
	list_init(&config.vms);
	for (u32 i = 0; i < ARRAY_SIZE(configs); i++) {
		configs[i].name = names[i];
		list_init(&configs[i].passes);
		list_add_tail(&config.vms, &configs[i].link);
		vms[i].config = &configs[i];
		vms[i].name = names[i];
	}
	for (u32 i = 0; i < ARRAY_SIZE(nodes); i++)
		list_add_tail(&configs[nodes[i].vm].passes, &nodes[i].pass.link);
	assert_int_equal(pass_create_all(&config), 0);
	return 0;
}

/* --- for each test -----------------------------------------------------------------------------
 */

static int ready(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(vms); i++) {
		vms[i].platform = (struct platform){.vm = &fx,
						    .host = fx.p.host,
						    .cpus = 1,
						    .ram_size = GIB(4),
						    .tsc_hz = FIXTURE_HZ};
		vms[i].memory.size = GIB(1);
		vms[i].memory.ram = HPA(GIB(1));
		vms[i].dma = NULL;
		if (platform_create(&vms[i].platform))
			return -1;
	}
	(void)fixture_advance(RESET_NS);
	fake.events[0] = 0;
	return 0;
}

static void stop(u32 i)
{
	assert_int_equal(pass_vm_release(&vms[i]), 0);
	pass_vm_destroy(&vms[i]);
	(void)fixture_advance(RESET_NS);
	fake.events[0] = 0;
}

static int over(void **state)
{
	(void)state;
	(void)fixture_advance(RESET_NS);
	for (u32 i = 0; i < ARRAY_SIZE(vms); i++)
		platform_destroy(&vms[i].platform);
	assert_int_equal(fake.attached, 0);
	return 0;
}

static void start(u32 i)
{
	assert_int_equal(pass_vm_ready(&vms[i]), 0);
	assert_int_equal(pass_vm_create(&vms[i]), 0);
	fake.events[0] = 0;
	assert_int_equal(pass_vm_attach(&vms[i]), 0);
}

/* The guest's view of a device of VM i, by its ports. */
static void cf8(u32 i, const struct pass *p, u32 offset)
{
	bus_write(&vms[i].platform.ports, 0xcf8, 4,
		  0x80000000u | (u32)p->pci.bdf << 8 | (offset & 0xfc));
}

static u32 guest_read(u32 i, const struct pass *p, u32 offset)
{
	cf8(i, p, offset);
	return (u32)bus_read(&vms[i].platform.ports, 0xcfc, 4);
}

static void guest_write(u32 i, const struct pass *p, u32 offset, unsigned size, u32 value)
{
	cf8(i, p, offset);
	bus_write(&vms[i].platform.ports, (u16)(0xcfc + (offset & 3)), size, value);
}

/* --- tests -------------------------------------------------------------------------------------
 */

static void what_cannot_be_given_says_why(void **state)
{
	struct pass_info info;

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(nodes); i++) {
		struct pass *p = pass_named(nodes[i].pass.name);

		assert_int_equal(!p->fn, !!nodes[i].why);
		if (nodes[i].why)
			assert_non_null(strstr(p->why, nodes[i].why));
	}
	assert_int_equal(pass_vm_ready(&vms[2]), ERR_UNSUPPORTED);
	assert_true(pass_info(3, &info));
	assert_int_equal(info.state, PASS_REFUSED);
	assert_false(pass_info(ARRAY_SIZE(nodes), &info));
	/* Without those, the VM starts. */
	for (u32 i = 0; i < ARRAY_SIZE(nodes); i++) {
		struct pass *p = pass_named(nodes[i].pass.name);

		if (nodes[i].vm == 2)
			assert_int_equal(pass_set_attached(p->name, false), 0);
	}
	start(2);
	assert_false(pass_vm_has_domain(&vms[2]));
	stop(2);
}

static void machines_without_remapping(void **state)
{
	static struct vm_config vm = {.name = "late"};
	static struct config config;
	static struct config_pass node = {.name = "vf9", .vf = true, .bdf = FAKE_PF};

	(void)state;
	list_init(&config.vms);
	list_init(&vm.passes);
	list_add_tail(&config.vms, &vm.link);
	list_add_tail(&vm.passes, &node.link);
	fake.no_unit = true;
	assert_int_equal(pass_create_all(&config), 0);
	assert_non_null(strstr(pass_named("vf9")->why, "no VT-d"));
	fake.no_unit = false;
	fake.no_irqs = true;
	node.name = "vf8";
	assert_int_equal(pass_create_all(&config), 0);
	assert_non_null(strstr(pass_named("vf8")->why, "interrupts are not remapped"));
	fake.no_irqs = false;
}

static void given_and_taken_away_in_order(void **state)
{
	(void)state;
	start(0);
	fake_expect("attach 0182 configure 1 vlan 7 open 1 quiet 0182 attach 0200 quiet 0200 ");
	assert_int_equal(fake.attached, 2);
	assert_int_equal(pass_set_attached("a.vf0", false), ERR_BUSY);
	assert_int_equal(pass_vm_release(&vms[0]), 0);
	fake_expect("quiet 0182 close 1 detach 0182 reset 0182 quiet 0200 detach 0200 reset 0200 ");
	pass_vm_destroy(&vms[0]);
	assert_null(vms[0].dma);
	/* The next start waits for the resets, and no longer. */
	assert_int_equal(pass_vm_ready(&vms[0]), ERR_BUSY);
	(void)fixture_advance(RESET_NS);
	assert_int_equal(pass_vm_ready(&vms[0]), 0);
}

static void one_at_a_time(void **state)
{
	(void)state;
	start(0);
	assert_int_equal(pass_vm_ready(&vms[1]), ERR_EXIST);
	stop(0);
	start(1);
	assert_int_equal(pass_vm_ready(&vms[0]), ERR_EXIST);
	stop(1);
}

static void nothing_is_lost_by_cycles(void **state)
{
	struct pass_function *fn = pass_named("vf0")->fn;
	u64 resets = fn->resets;
	int irqs, domains = fake.domains_left;

	(void)state;
	start(0);
	irqs = fake.irqs_left;
	stop(0);
	for (u32 i = 0; i < 100; i++) {
		start(0);
		stop(0);
	}
	assert_int_equal(fake.irqs_left, irqs);
	assert_int_equal(fake.domains_left, domains);
	assert_int_equal(fn->resets, resets + 101);
}

static void a_function_that_does_not_answer_its_reset(void **state)
{
	struct pass *p = pass_named("vf0");
	struct pass_info info;

	(void)state;
	start(0);
	fake.deaf = FAKE_VF(1);
	stop(0);
	assert_int_equal(pass_vm_ready(&vms[0]), ERR_IO);
	assert_int_equal(pass_vm_ready(&vms[1]), ERR_IO);
	assert_true(pass_info(0, &info));
	assert_int_equal(info.state, PASS_DEAD);
	assert_string_equal(pass_state_name(info.state), "does not answer");
	/* The VM goes on without it, and its other device works. */
	assert_int_equal(pass_set_attached("a.vf0", false), 0);
	start(0);
	fake_expect("attach 0200 quiet 0200 ");
	stop(0);
	assert_int_equal(pass_set_attached("a.vf0", true), 0);
	fake.deaf = 0;
	pass_function_reset(p->fn, NULL);
	(void)fixture_advance(RESET_NS);
	assert_int_equal(pass_vm_ready(&vms[0]), 0);
}

static void a_unit_that_does_not_answer(void **state)
{
	int domains = fake.domains_left;

	(void)state;
	start(1);
	fake.unit_is_deaf = true;
	assert_int_equal(pass_vm_release(&vms[1]), ERR_TIMEOUT);
	fake.unit_is_deaf = false;
	/* Its tables are never given to anybody. */
	pass_vm_destroy(&vms[1]);
	assert_int_equal(fake.domains_left, domains - 1);
	(void)fixture_advance(RESET_NS);
	start(1);
	stop(1);
}

static void without_interrupts_or_domains_it_does_not_start(void **state)
{
	int had = fake.domains_left;

	(void)state;
	fake.domains_left = 0;
	assert_int_equal(pass_vm_create(&vms[1]), ERR_NOMEM);
	pass_vm_destroy(&vms[1]);
	fake.domains_left = had;
	start(1);
	stop(1);
}

static void interrupts_are_the_guests_until_it_stops(void **state)
{
	struct pass *p = pass_named("same");
	u64 interrupts = p->fn->interrupts;
	u32 capability;

	(void)state;
	start(1);
	capability = p->pci.msix_capability;
	vlapic_mmio_write(vms[1].platform.lapic[0], 0xf0, 0x1ff);
	fake_interrupt(p, 1); /* MSI-X is off */
	guest_write(1, p, capability + 2, 2, VPCI_MSIX_ENABLE);
	vpci_device_bar_write(&p->pci, FAKE_TABLE_BAR, 16, 4, 0xfee00000);
	vpci_device_bar_write(&p->pci, FAKE_TABLE_BAR, 16 + 8, 4, 0x55);
	vpci_device_bar_write(&p->pci, FAKE_TABLE_BAR, 16 + 12, 4, 0);
	vlapic_sync(vms[1].platform.lapic[0]);
	assert_int_equal(vlapic_next(vms[1].platform.lapic[0]), -1);
	fake_interrupt(p, 1);
	vlapic_sync(vms[1].platform.lapic[0]);
	assert_int_equal(vlapic_next(vms[1].platform.lapic[0]), 0x55);
	assert_int_equal(p->fn->interrupts, interrupts + 2);
	stop(1);
	fake_interrupt(p, 1); /* was on its way */
	assert_int_equal(p->fn->interrupts, interrupts + 3);
}

/* A device that interrupts without end keeps its processor busy for a bounded time. */
static void a_storm_of_interrupts_is_held_back(void **state)
{
	struct pass *p = pass_named("same");
	struct pass_info info;

	(void)state;
	start(1);
	(void)fixture_advance(PASS_STORM_NS);
	for (u32 i = 0; i < PASS_STORM; i++)
		fake_interrupt(p, i % FAKE_VECTORS);
	assert_int_equal(fake.masked, 0);
	fake_interrupt(p, 0);
	assert_int_equal(fake.masked, FAKE_VECTORS);
	fake_interrupt(p, 1); /* was on its way */
	assert_int_equal(fake.masked, FAKE_VECTORS);
	(void)fixture_advance(PASS_STORM_NS);
	assert_int_equal(fake.masked, 0);
	assert_true(pass_info(2, &info));
	assert_int_equal(info.storms, 1);
	/* As many, but not at once. */
	for (u32 i = 0; i < 3 * PASS_STORM; i++) {
		fake_interrupt(p, 0);
		(void)fixture_advance(PASS_STORM_NS / PASS_STORM);
	}
	assert_int_equal(fake.masked, 0);
	assert_true(pass_info(2, &info));
	assert_int_equal(info.storms, 1);
	/* The VM stops in the middle of one; whoever is next has all interrupts. */
	for (u32 i = 0; i < 2 * PASS_STORM; i++)
		fake_interrupt(p, 0);
	assert_int_equal(fake.masked, FAKE_VECTORS);
	stop(1);
	start(1);
	assert_int_equal(fake.masked, 0);
	assert_true(pass_info(2, &info));
	assert_int_equal(info.storms, 0);
	stop(1);
}

/* Of all that a guest writes to configuration space, bus mastering alone reaches the device. */
static void configuration_space_is_made_up(void **state)
{
	struct pass *p = pass_named("same");
	u32 seed = 77;

	(void)state;
	start(1);
	assert_int_equal(guest_read(1, p, 0), 0x10ca8086);
	guest_write(1, p, PCI_COMMAND, 2, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
	assert_true(fake.command & PCI_COMMAND_MASTER);
	guest_write(1, p, PCI_COMMAND, 2, 0);
	assert_false(fake.command & PCI_COMMAND_MASTER);
	for (u32 i = 0; i < 100000; i++) {
		u32 offset = test_random(&seed) & 0xff;
		unsigned size = 1u << (test_random(&seed) % 3);

		guest_write(1, p, offset & ~(size - 1), size, test_random(&seed));
		if (!(i % 1000))
			(void)fixture_advance(RESET_NS);
	}
	assert_int_equal(guest_read(1, p, 0), 0x10ca8086);
	assert_true(p->moves <= 256);
	assert_true(fake.mapped_bytes <= 2 * FAKE_BAR_BYTES);
	(void)fixture_advance(RESET_NS);
	stop(1);
}

static void bars_are_mapped_but_for_the_msix_table(void **state)
{
	struct pass *p = pass_named("same");

	(void)state;
	fake.mapped_bytes = fake.highest = 0;
	start(1);
	guest_write(1, p, PCI_BAR(0), 4, 0xc0100000);
	guest_write(1, p, PCI_BAR(0) + 12, 4, 0xc0200000);
	guest_write(1, p, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	assert_int_equal(p->bar[0].at, 0xc0100000);
	assert_int_equal(p->bar[3].at, 0xc0200000);
	assert_int_equal(fake.mapped_bytes, 2 * FAKE_BAR_BYTES - PAGE_SIZE);
	/* Over the guest's RAM, and over the local APICs: nowhere. */
	guest_write(1, p, PCI_COMMAND, 2, 0);
	guest_write(1, p, PCI_BAR(0), 4, 0x100000);
	guest_write(1, p, PCI_BAR(0) + 12, 4, 0xfee00000);
	guest_write(1, p, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	assert_int_equal(p->bar[0].at, 0);
	assert_int_equal(p->bar[3].at, 0);
	assert_int_equal(fake.mapped_bytes, 0);
	assert_true(fake.highest <= LAYOUT_ECAM);
	stop(1);
}

static void the_guest_resets_its_function(void **state)
{
	struct pass *p = pass_named("same");
	u32 control;

	(void)state;
	start(1);
	control = p->pcie + PCIE_DEVICE_CONTROL;
	guest_write(1, p, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	fake.events[0] = 0;
	guest_write(1, p, control, 2, PCIE_DEVICE_CONTROL_FLR);
	guest_write(1, p, control, 2, PCIE_DEVICE_CONTROL_FLR);
	fake_expect("quiet 0182 reset 0182 ");
	assert_false(guest_read(1, p, PCI_COMMAND) & PCI_COMMAND_MASTER);
	/* Meanwhile it is not let go on. */
	guest_write(1, p, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	assert_false(fake.command & PCI_COMMAND_MASTER);
	(void)fixture_advance(RESET_NS);
	guest_write(1, p, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	assert_true(fake.command & PCI_COMMAND_MASTER);
	/* The VM stops in the middle of one. */
	guest_write(1, p, control, 2, PCIE_DEVICE_CONTROL_FLR);
	stop(1);
	start(1);
	stop(1);
}

static void both_tables_are_compared(void **state)
{
	struct pass_verify v = {0};
	int err;

	(void)state;
	start(1);
	while ((err = pass_verify(&vms[1], &v)) == ERR_BUSY)
		;
	assert_int_equal(err, 0);
	assert_int_equal(v.bytes, MIB(4));
	assert_int_equal(v.leaves[1], 2);
	fake.dma_differs = true;
	v = (struct pass_verify){0};
	while ((err = pass_verify(&vms[1], &v)) == ERR_BUSY)
		;
	assert_int_equal(err, ERR_FAULT);
	assert_int_equal(v.gpa, MIB(2));
	fake.dma_differs = false;
	stop(1);
}

static void settings_reach_the_card_at_once(void **state)
{
	struct nic_vf_config c;

	(void)state;
	assert_int_equal(pass_get_vf("a.vf0", &c), 0);
	assert_int_equal(pass_get_vf("a.dev0", &c), ERR_UNSUPPORTED);
	assert_int_equal(pass_get_vf("nobody", &c), ERR_NOENT);
	start(0);
	fake.events[0] = 0;
	c.vlan = 12;
	assert_int_equal(pass_set_vf("a.vf0", &c), 0);
	fake_expect("configure 1 vlan 12 ");
	stop(0);
	c.vlan = 7;
	assert_int_equal(pass_set_vf("a.vf0", &c), 0);
	fake_expect("");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, ready, over)
	const struct CMUnitTest tests[] = {
	    TEST(what_cannot_be_given_says_why),
	    TEST(machines_without_remapping),
	    TEST(given_and_taken_away_in_order),
	    TEST(one_at_a_time),
	    TEST(nothing_is_lost_by_cycles),
	    TEST(a_function_that_does_not_answer_its_reset),
	    TEST(a_unit_that_does_not_answer),
	    TEST(without_interrupts_or_domains_it_does_not_start),
	    TEST(interrupts_are_the_guests_until_it_stops),
	    TEST(a_storm_of_interrupts_is_held_back),
	    TEST(configuration_space_is_made_up),
	    TEST(bars_are_mapped_but_for_the_msix_table),
	    TEST(the_guest_resets_its_function),
	    TEST(both_tables_are_compared),
	    TEST(settings_reach_the_card_at_once),
	};

	return cmocka_run_group_tests(tests, machine, fixture_teardown);
}
