/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/host/services/cm.h"

#include "drivers/uart/regs.h"
#include "drivers/uart/uart.h"
#include "kernel/lib/err.h"

/* A 16550 whose transmitter takes `speed` polls of LSR for a FIFO's content. */
static struct {
	bool present, has_fifo, stuck;
	u8 ier, lcr, mcr, dll, dlm, fcr;
	unsigned speed, busy, polls;
	char sent[100000], input[64];
	size_t sent_len, input_at;
	unsigned in_fifo, overruns;
} chip;

static u8 chip_lsr(void)
{
	chip.polls++;
	if (chip.busy && !chip.stuck && !--chip.busy)
		chip.in_fifo = 0;
	return (chip.busy ? 0 : UART_LSR_THRE | UART_LSR_TEMT) |
	       (chip.input[chip.input_at] ? UART_LSR_DR : 0);
}

static u8 chip_read(struct uart *uart, unsigned reg)
{
	(void)uart;
	if (!chip.present)
		return 0xff;
	switch (reg) {
	case UART_RBR:
		return chip.input[chip.input_at] ? chip.input[chip.input_at++] : 0;
	case UART_IER:
		return chip.ier;
	case UART_IIR:
		return chip.has_fifo ? UART_IIR_FIFO | UART_IIR_NONE : UART_IIR_NONE;
	case UART_LSR:
		return chip_lsr();
	case UART_MSR:
		return chip.mcr & UART_MCR_LOOP ? UART_MSR_DCD | UART_MSR_CTS : 0;
	default:
		return 0;
	}
}

static void chip_send(u8 value)
{
	unsigned size = chip.has_fifo ? 16 : 1;

	if (chip.in_fifo == size)
		chip.overruns++;
	chip.in_fifo++;
	chip.busy = chip.speed;
	if (chip.sent_len < sizeof(chip.sent))
		chip.sent[chip.sent_len++] = value;
}

static void chip_write(struct uart *uart, unsigned reg, u8 value)
{
	bool dlab = chip.lcr & UART_LCR_DLAB;

	(void)uart;
	if (reg == UART_THR && dlab)
		chip.dll = value;
	else if (reg == UART_THR)
		chip_send(value);
	else if (reg == UART_IER && dlab)
		chip.dlm = value;
	else if (reg == UART_IER)
		chip.ier = value & 0x0f;
	else if (reg == UART_FCR)
		chip.fcr = value;
	else if (reg == UART_LCR)
		chip.lcr = value;
	else if (reg == UART_MCR)
		chip.mcr = value;
}

static const struct uart_reg_ops chip_ops = {chip_read, chip_write};
static struct uart uart;

static int start(bool fifo, unsigned speed)
{
	struct uart_config cfg = {.base = 0x3f8};

	memset(&chip, 0, sizeof(chip));
	chip.present = true;
	chip.has_fifo = fifo;
	chip.speed = speed;
	return uart_init_regs(&uart, &cfg, &chip_ops);
}

static void is_set_up(void **state)
{
	(void)state;
	assert_int_equal(start(true, 3), 0);
	assert_int_equal(chip.dll, 1);
	assert_int_equal(chip.dlm, 0);
	assert_int_equal(chip.lcr, UART_LCR_8N1);
	assert_int_equal(chip.mcr, UART_MCR_DTR | UART_MCR_RTS);
	assert_int_equal(chip.ier, 0);
	assert_int_equal(uart.fifo, 16);
}

static void a_missing_one_is_noticed(void **state)
{
	struct uart_config cfg = {.base = 0x3f8};

	(void)state;
	memset(&chip, 0, sizeof(chip));
	assert_int_equal(uart_init_regs(&uart, &cfg, &chip_ops), ERR_NOENT);
	cfg.baud = 4000000;
	chip.present = true;
	assert_int_equal(uart_init_regs(&uart, &cfg, &chip_ops), ERR_INVAL);
}

static void impossible_configurations_are_refused(void **state)
{
	static const struct uart_config bad[] = {
	    {.base = 0},
	    {.base = 0xfffc},
	    {.base = 0x3f8, .reg_shift = 5},
	    {.mmio = true, .base = 0xfe000000, .access_bytes = 4},
	    {.mmio = true, .base = 0xfe000002, .access_bytes = 4, .reg_shift = 2},
	    {.mmio = true, .base = 0xfe000000, .access_bytes = 2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(uart_init(&uart, &bad[i]), ERR_INVAL);
}

static void unbuffered_output_waits(void **state)
{
	char text[1000];

	(void)state;
	for (unsigned i = 0; i < sizeof(text); i++)
		text[i] = (char)i;
	for (unsigned fifo = 0; fifo < 2; fifo++) {
		assert_int_equal(start(fifo, 5), 0);
		assert_int_equal(uart_write(&uart, text, sizeof(text)), sizeof(text));
		assert_int_equal(chip.sent_len, sizeof(text));
		assert_memory_equal(chip.sent, text, sizeof(text));
		assert_int_equal(chip.overruns, 0);
	}
}

static void buffered_output_does_not_wait(void **state)
{
	char text[1000];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(start(true, 50), 0);
	uart_set_buffered(&uart, true);
	chip.polls = 0;
	assert_int_equal(uart_write(&uart, text, sizeof(text)), sizeof(text));
	assert_true(chip.polls < 3);
	assert_int_equal(chip.sent_len, 16);
	assert_int_equal(uart_room(&uart), UART_TX_RING - 984);
	for (unsigned i = 0; i < 10000 && uart_poll(&uart); i++)
		;
	assert_int_equal(chip.sent_len, sizeof(text));
	assert_int_equal(chip.overruns, 0);
}

static void transmit_interrupts_follow_the_ring(void **state)
{
	char text[40] = "0123456789012345678901234567890123456789";

	(void)state;
	assert_int_equal(start(true, 2), 0);
	uart_set_buffered(&uart, true);
	uart_enable_irq(&uart, true);
	assert_int_equal(chip.ier, UART_IER_RX);
	assert_true(chip.mcr & UART_MCR_OUT2);
	uart_write(&uart, text, sizeof(text));
	assert_int_equal(chip.ier, UART_IER_RX | UART_IER_TX);
	while (uart_poll(&uart))
		;
	assert_int_equal(chip.ier, UART_IER_RX);
	uart_enable_irq(&uart, false);
	assert_int_equal(chip.ier, 0);
}

static void a_stuck_transmitter_is_given_up(void **state)
{
	static char text[2 * UART_TX_RING];

	(void)state;
	assert_int_equal(start(true, 2), 0);
	chip.stuck = true;
	uart_write(&uart, text, 100);
	chip.polls = 0;
	/* No more waiting once it is known to be stuck. */
	assert_true(uart_write(&uart, text, sizeof(text)) < sizeof(text));
	uart_write_panic(&uart, text, 100);
	assert_true(chip.polls < 10);
	/* It recovers when the transmitter does. */
	chip.stuck = false;
	while (uart_poll(&uart))
		;
	assert_int_equal(uart_write(&uart, "x", 1), 1);
}

static void panic_sends_all(void **state)
{
	static char text[3 * UART_TX_RING];

	(void)state;
	memset(text, 'p', sizeof(text));
	assert_int_equal(start(true, 2), 0);
	uart_set_buffered(&uart, true);
	uart_write(&uart, text, 500);
	uart_write_panic(&uart, text, sizeof(text));
	assert_int_equal(chip.sent_len, MIN(sizeof(chip.sent), sizeof(text) + 500));
}

static void input_is_read(void **state)
{
	(void)state;
	assert_int_equal(start(true, 2), 0);
	assert_int_equal(uart_read(&uart), -1);
	strcpy(chip.input, "hi");
	assert_int_equal(uart_read(&uart), 'h');
	assert_int_equal(uart_read(&uart), 'i');
	assert_int_equal(uart_read(&uart), -1);
	chip.present = false;
	assert_int_equal(uart_read(&uart), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(is_set_up),
	    cmocka_unit_test(a_missing_one_is_noticed),
	    cmocka_unit_test(impossible_configurations_are_refused),
	    cmocka_unit_test(unbuffered_output_waits),
	    cmocka_unit_test(buffered_output_does_not_wait),
	    cmocka_unit_test(transmit_interrupts_follow_the_ring),
	    cmocka_unit_test(a_stuck_transmitter_is_given_up),
	    cmocka_unit_test(panic_sends_all),
	    cmocka_unit_test(input_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
