/* SPDX-License-Identifier: BSD-2-Clause */
#include "drivers/uart/uart_console.h"

#include "drivers/uart/regs.h"
#include "kernel/console/console.h"
#include "kernel/lib/err.h"
#include "kernel/time/time.h"
#include "kernel/time/timer.h"

#define POLL_IDLE_MS 10u    /* nobody types faster than the FIFO holds in this time */
#define POLL_BUSY_MS 1u     /* while output waits: the FIFO takes 1.4 ms at 115200 baud */
#define POLL_SAFETY_MS 250u /* with interrupts: notices when they do not arrive */
#define READ_BURST 64

static struct uart uart;
static struct timer uart_timer;
static bool uart_irq_works; /* interrupts are used, and bring input in time */
static u32 uart_irqs, uart_irqs_seen, uart_misses;

static size_t backend_write(struct console_backend *backend, const char *text, size_t len)
{
	(void)backend;
	return uart_write(&uart, text, len);
}

static size_t backend_room(struct console_backend *backend)
{
	(void)backend;
	return uart_room(&uart);
}

static void backend_write_panic(struct console_backend *backend, const char *text, size_t len)
{
	(void)backend;
	uart_write_panic(&uart, text, len);
}

static struct console_backend uart_backend = {
    .name = "serial",
    .write = backend_write,
    .room = backend_room,
    .write_panic = backend_write_panic,
};

int uart_console_init(const struct uart_config *cfg)
{
	int err = uart_init(&uart, cfg);

	if (err)
		return err;
	console_add_backend(&uart_backend, true);
	log_info("serial console: 16550%s at %s 0x%llx", uart.fifo > 1 ? "A" : "",
		 cfg->mmio ? "address" : "port", (unsigned long long)cfg->base);
	return ERR_OK;
}

/* Everything received so far to the console; how many bytes. */
static unsigned uart_take_input(void)
{
	unsigned count;
	int c;

	for (count = 0; count < READ_BURST && (c = uart_read(&uart)) >= 0; count++)
		console_input((char)c);
	return count;
}

void uart_console_irq(void *arg)
{
	(void)arg;
	uart_irqs++;
	/* Reading IIR acknowledges a transmit interrupt. */
	(void)uart.regs->read(&uart, UART_IIR);
	uart_take_input();
	uart_poll(&uart);
}

/* Input without an interrupt since the last look: once is a coincidence. */
static void uart_check_irq(unsigned got)
{
	uart_misses = got && uart_irqs == uart_irqs_seen ? uart_misses + 1 : 0;
	uart_irqs_seen = uart_irqs;
	if (uart_misses < 2)
		return;
	uart_irq_works = false;
	log_warn("serial console: no interrupts arrive, polling instead");
}

static void uart_timer_fired(struct timer *timer)
{
	unsigned ms = POLL_IDLE_MS;
	unsigned got = uart_take_input();
	bool more = uart_poll(&uart);

	if (uart_irq_works)
		uart_check_irq(got);
	if (uart_irq_works)
		ms = POLL_SAFETY_MS;
	else if (more)
		ms = POLL_BUSY_MS;
	timer_arm(timer, time_tsc() + time_ms_to_ticks(ms));
}

void uart_console_start(bool irq)
{
	if (!uart.regs)
		return;
	uart_irq_works = irq;
	if (irq)
		uart_enable_irq(&uart, true);
	uart_set_buffered(&uart, true);
	timer_init(&uart_timer, uart_timer_fired);
	timer_arm(&uart_timer, time_tsc());
}
