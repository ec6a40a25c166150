/* SPDX-License-Identifier: BSD-2-Clause */
/* The 16550A, as Linux's 8250 driver and others use it. */
#include "tests/host/vdev/fixture.h"

#include "kernel/time/timer.h"
#include "vmm/vdev/vuart.h"

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

enum { RBR = 0x3f8, IER, IIR, LCR, MCR, LSR, MSR, SCR };

static void type(const char *text)
{
	platform_uart_input(&fx.p, text, strlen(text));
}

static bool interrupted(void)
{
	bool yes = take(0) == 0x44;

	if (yes)
		vlapic_mmio_write(fx.p.lapic[0], 0xb0, 0);
	return yes;
}

static void open_port(u8 ier)
{
	ioapic_entry(4, 0x44);
	out8(IIR, 0x07);
	out8(LCR, 0x03);
	out8(MCR, 0x0b);
	out8(IER, ier);
}

/* drivers/tty/serial/8250/8250_port.c, autoconfig(). */
static void linux_autoconfig(void **state)
{
	u8 scratch = in8(IER), save_mcr = in8(MCR);

	(void)state;
	out8(IER, 0);
	assert_int_equal(in8(IER) & 0x0f, 0);
	out8(IER, 0x0f);
	assert_int_equal(in8(IER) & 0x0f, 0x0f);
	out8(IER, scratch);
	out8(MCR, 0x10 | 0x0a);
	assert_int_equal(in8(MSR) & 0xf0, 0x90); /* the loopback test */
	out8(MCR, save_mcr);
	out8(LCR, 0xbf);
	out8(IIR, 0);
	out8(LCR, 0);
	out8(IIR, 0x01);
	assert_int_equal(in8(IIR) >> 6, 3); /* 16550A */
	/* No 16750, no 16650, no XScale: 64-byte mode does not stay, IER bit 6 neither. */
	out8(LCR, 0);
	out8(IIR, 0x21);
	assert_int_equal(in8(IIR) >> 5, 6);
	out8(LCR, 0x80);
	out8(IIR, 0x21);
	assert_int_equal(in8(IIR) >> 5, 6);
	out8(LCR, 0);
	out8(IER, 0x40);
	assert_int_equal(in8(IER), 0);
	out8(SCR, 0x5a);
	assert_int_equal(in8(SCR), 0x5a);
}

/* serial8250_do_startup(): the transmitter's interrupt comes back when enabled again. */
static void linux_transmitter_tests(void **state)
{
	(void)state;
	open_port(0);
	assert_int_equal(in8(LSR), 0x60);
	out8(IER, 0x02);
	assert_int_equal(in8(IIR) & 0x0f, 0x02);
	assert_int_equal(in8(IIR) & 0x0f, 0x01); /* seen */
	out8(IER, 0);
	out8(IER, 0x02);
	assert_int_equal(in8(IIR) & 0x0f, 0x02);
	out8(IER, 0);
	assert_true(interrupted());
	assert_false(interrupted());
}

static void divisor(void **state)
{
	(void)state;
	out8(LCR, 0x83);
	out8(RBR, 0x01);
	out8(IER, 0x00);
	assert_int_equal(in8(RBR), 1);
	out8(IER, 0xff);
	assert_int_equal(in8(IER), 0xff);
	out8(LCR, 0x03);
	assert_int_equal(in8(IER), 0);
	assert_int_equal(in8(LCR), 3);
	assert_int_equal(fx.output_len, 0);
	fixture_advance(FIXTURE_HZ);
	assert_int_equal(fx.output_len, 0);
}

static void send(const char *text)
{
	for (; *text; text++)
		out8(RBR, (u8)*text);
}

static void output_by_lines(void **state)
{
	(void)state;
	send("Hello, ");
	assert_int_equal(fx.output_calls, 0);
	send("world\n");
	assert_int_equal(fx.output_calls, 1);
	assert_memory_equal(fx.output, "Hello, world\n", 13);
	/* A prompt has no end of line: a while later. */
	send("# ");
	assert_int_equal(fx.output_calls, 1);
	fixture_advance(VUART_FLUSH_US * 1000 + 1);
	assert_int_equal(fx.output_calls, 2);
	assert_int_equal(fx.output_len, 15);
	for (unsigned i = 0; i < 1000; i++)
		out8(RBR, 'x');
	assert_int_equal(fx.output_len, 15 + 1000 / VUART_OUTPUT * VUART_OUTPUT);
	platform_reset(&fx.p); /* nothing is lost */
	assert_int_equal(fx.output_len, 15 + 1000);
	assert_int_equal(timer_next(), TIMER_NEVER);
}

/* The host's line is slower than the guest: the transmitter is busy until there is room. */
static void a_slow_host_makes_the_guest_wait(void **state)
{
	char sent[VUART_OUTPUT];
	unsigned n;

	(void)state;
	fx.output_stuck = true;
	out8(MCR, 8);
	out8(IER, 2);
	for (n = 0; n < 1000 && in8(LSR) & 0x20; n++)
		out8(RBR, sent[n % VUART_OUTPUT] = (char)('a' + n % 26));
	assert_int_equal(n, VUART_OUTPUT - 15);
	assert_int_equal(in8(LSR) & 0x60, 0);
	assert_int_equal(in8(IIR) & 0xf, 1);
	assert_int_equal(fx.output_len, 0);
	/* It is tried again by itself, and nothing is lost or turned around. */
	fx.output_stuck = false;
	fixture_advance(VUART_FLUSH_US * 1000 + 1);
	assert_int_equal(fx.output_len, n);
	assert_memory_equal(fx.output, sent, n);
	assert_int_equal(in8(LSR) & 0x60, 0x60);
	assert_int_equal(in8(IIR) & 0xf, 2);
	assert_int_equal(timer_next(), TIMER_NEVER);
}

static void transmit_interrupts(void **state)
{
	(void)state;
	open_port(0x02);
	assert_true(interrupted());
	in8(IIR);
	send("0123456789abcdef");
	assert_true(interrupted());
	assert_int_equal(in8(IIR) & 0x0f, 0x02);
	assert_int_equal(in8(IIR) & 0x0f, 0x01);
	assert_false(interrupted());
}

static void input_interrupts(void **state)
{
	(void)state;
	open_port(0x05);
	type("ab");
	assert_true(interrupted());
	assert_int_equal(in8(IIR) & 0x0f, 0x04);
	assert_int_equal(in8(LSR), 0x61);
	assert_int_equal(in8(RBR), 'a');
	assert_int_equal(in8(RBR), 'b');
	assert_int_equal(in8(LSR), 0x60);
	assert_int_equal(in8(IIR) & 0x0f, 0x01);
	assert_int_equal(in8(RBR), 0);
	out8(IIR, 0xc1); /* trigger at 14: less is a timeout */
	type("c");
	assert_true(interrupted());
	assert_int_equal(in8(IIR) & 0x0f, 0x0c);
	out8(IIR, 0xc3); /* clear */
	assert_int_equal(in8(LSR), 0x60);
	/* Without OUT2 a PC's port does not interrupt. */
	out8(MCR, 0x03);
	type("d");
	assert_false(interrupted());
	out8(MCR, 0x0b);
	assert_true(interrupted());
}

static void input_is_bounded(void **state)
{
	static char many[3 * VUART_INPUT];
	unsigned n = 0;

	(void)state;
	open_port(0);
	memset(many, 'k', sizeof(many));
	platform_uart_input(&fx.p, many, sizeof(many));
	while (in8(LSR) & 1) {
		assert_int_equal(in8(RBR), 'k');
		n++;
	}
	assert_int_equal(n, VUART_INPUT);
}

static void loopback(void **state)
{
	(void)state;
	open_port(0);
	out8(MCR, 0x1b);
	type("z"); /* the line is cut */
	assert_int_equal(in8(LSR), 0x60);
	send("Q");
	assert_int_equal(in8(LSR), 0x61);
	assert_int_equal(in8(RBR), 'Q');
	for (unsigned i = 0; i < 17; i++)
		out8(RBR, (u8)i);
	assert_int_equal(in8(LSR), 0x63); /* overrun */
	assert_int_equal(in8(LSR), 0x61); /* once */
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(in8(RBR), i);
	fixture_advance(FIXTURE_HZ);
	assert_int_equal(fx.output_len, 0);
}

static void modem_status(void **state)
{
	(void)state;
	open_port(0x08);
	assert_int_equal(in8(MSR), 0xb0);
	out8(MCR, 0x10);
	assert_int_equal(in8(MSR), 0x0b); /* all gone */
	assert_int_equal(in8(MSR), 0x00);
	out8(MCR, 0x1f);
	assert_int_equal(in8(MSR), 0xfb);
	out8(MCR, 0x1b);
	assert_int_equal(in8(MSR), 0xb4); /* end of ring */
	out8(MCR, 0x0b);
	assert_int_equal(in8(IIR) & 0x0f, 0x01);
	out8(MCR, 0x10);
	out8(MCR, 0x0b);
	assert_true(interrupted());
	assert_int_equal(in8(IIR) & 0x0f, 0x00);
	in8(MSR);
	assert_int_equal(in8(IIR) & 0x0f, 0x01);
}

static void wide_accesses(void **state)
{
	(void)state;
	out16(RBR, 0x0f41); /* data, then IER */
	assert_int_equal(in8(IER), 0x0f);
	assert_int_equal(in16(SCR), 0xff00); /* the second byte is nobody's */
	fixture_advance(FIXTURE_HZ);
	assert_int_equal(fx.output[0], 'A');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(linux_autoconfig),
	    TEST(linux_transmitter_tests),
	    TEST(divisor),
	    TEST(output_by_lines),
	    TEST(a_slow_host_makes_the_guest_wait),
	    TEST(transmit_interrupts),
	    TEST(input_interrupts),
	    TEST(input_is_bounded),
	    TEST(loopback),
	    TEST(modem_status),
	    TEST(wide_accesses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
