/* SPDX-License-Identifier: BSD-2-Clause */
#include "drivers/uart/uart.h"

#include <string.h>

#include "arch/x86/cpu/cpu.h"
#include "drivers/uart/regs.h"
#include "kernel/lib/err.h"

#define UART_PC_CLOCK_HZ 1843200u
#define UART_DEFAULT_BAUD 115200u
#define UART_FIFO_BYTES 16u

/* Reads of LSR before a transmitter that does not move is given up. A read takes about
 * 1 us, so this is longer than 16 bytes take at 1200 baud. */
#define UART_POLLS 200000u

static u8 reg_read(struct uart *uart, unsigned reg)
{
	return uart->regs->read(uart, reg);
}

static void reg_write(struct uart *uart, unsigned reg, u8 value)
{
	uart->regs->write(uart, reg, value);
}

/* Wait until LSR shows the bits; false when that takes too long. */
static bool uart_wait(struct uart *uart, u8 bits)
{
	for (u32 i = 0; i < UART_POLLS; i++) {
		if ((reg_read(uart, UART_LSR) & bits) == bits)
			return true;
		cpu_relax();
	}
	return false;
}

/*
 * Is there a UART? IER keeps its low four bits and nothing above; in loopback mode the
 * modem status mirrors the modem control register (PC16550D, 8.6.7).
 */
static bool uart_answers(struct uart *uart)
{
	u8 low, high, status;

	reg_write(uart, UART_LCR, 0);
	reg_write(uart, UART_IER, 0);
	low = reg_read(uart, UART_IER);
	reg_write(uart, UART_IER, 0x0f);
	high = reg_read(uart, UART_IER);
	reg_write(uart, UART_IER, 0);
	if (low != 0 || high != 0x0f)
		return false;
	reg_write(uart, UART_MCR, UART_MCR_LOOP | UART_MCR_OUT2 | UART_MCR_RTS);
	status = reg_read(uart, UART_MSR);
	reg_write(uart, UART_MCR, 0);
	return (status & UART_MSR_LINES) == (UART_MSR_DCD | UART_MSR_CTS);
}

static void uart_set_line(struct uart *uart, u32 divisor)
{
	reg_write(uart, UART_LCR, UART_LCR_DLAB);
	reg_write(uart, UART_DLL, divisor & 0xff);
	reg_write(uart, UART_DLM, divisor >> 8);
	reg_write(uart, UART_LCR, UART_LCR_8N1);
	reg_write(uart, UART_FCR, UART_FCR_ENABLE | UART_FCR_CLEAR_RX | UART_FCR_CLEAR_TX);
	uart->fifo =
	    (reg_read(uart, UART_IIR) & UART_IIR_FIFO) == UART_IIR_FIFO ? UART_FIFO_BYTES : 1;
	reg_write(uart, UART_MCR, UART_MCR_DTR | UART_MCR_RTS);
}

int uart_init_regs(struct uart *uart, const struct uart_config *cfg,
		   const struct uart_reg_ops *regs)
{
	u32 clock = cfg->clock_hz ? cfg->clock_hz : UART_PC_CLOCK_HZ;
	u32 baud = cfg->baud ? cfg->baud : UART_DEFAULT_BAUD;
	u64 divisor = (clock + 8ull * baud) / (16ull * baud);

	if (!divisor || divisor > 0xffff)
		return trace_err(ERR_INVAL, "uart: %u baud cannot be made from a clock of %u Hz",
				 baud, clock);
	uart->cfg = *cfg;
	uart->regs = regs;
	ticket_init(&uart->lock);
	uart->buffered = uart->dead = uart->irq = false;
	uart->ier = 0;
	uart->head = uart->tail = 0;
	/* What the firmware is still sending must get out; a missing UART reads 0xff. */
	(void)uart_wait(uart, UART_LSR_TEMT);
	if (!uart_answers(uart))
		return ERR_NOENT;
	uart_set_line(uart, divisor);
	return ERR_OK;
}

void uart_set_buffered(struct uart *uart, bool on)
{
	uart->buffered = on;
}

size_t uart_room(const struct uart *uart)
{
	return UART_TX_RING - (uart->head - uart->tail);
}

/* Fill the FIFO if it is empty; the lock is held. */
static void uart_pump(struct uart *uart)
{
	u8 ier = uart->ier & ~UART_IER_TX;

	if (uart->head != uart->tail && (reg_read(uart, UART_LSR) & UART_LSR_THRE)) {
		uart->dead = false;
		for (u32 i = 0; i < uart->fifo && uart->head != uart->tail; i++)
			reg_write(uart, UART_THR, uart->tx[uart->tail++ % UART_TX_RING]);
	}
	if (uart->irq && uart->head != uart->tail)
		ier |= UART_IER_TX;
	if (ier != uart->ier) {
		uart->ier = ier;
		reg_write(uart, UART_IER, ier);
	}
}

/* Make room by polling: before buffering starts, or when the ring is full. */
static void uart_drain_some(struct uart *uart)
{
	if (uart->dead)
		return;
	if (uart_wait(uart, UART_LSR_THRE))
		uart_pump(uart);
	else
		uart->dead = true;
}

static size_t uart_put(struct uart *uart, const char *text, size_t len)
{
	size_t done;

	for (done = 0; done < len; done++) {
		if (!uart_room(uart))
			uart_drain_some(uart);
		if (!uart_room(uart))
			break;
		uart->tx[uart->head++ % UART_TX_RING] = text[done];
	}
	return done;
}

size_t uart_write(struct uart *uart, const char *text, size_t len)
{
	size_t done;

	ticket_lock(&uart->lock);
	done = uart_put(uart, text, len);
	uart_pump(uart);
	while (!uart->buffered && !uart->dead && uart->head != uart->tail)
		uart_drain_some(uart);
	ticket_unlock(&uart->lock);
	return done;
}

void uart_write_panic(struct uart *uart, const char *text, size_t len)
{
	uart->irq = false;
	for (;;) {
		size_t done = uart_put(uart, text, len);

		while (!uart->dead && uart->head != uart->tail)
			uart_drain_some(uart);
		if (uart->dead)
			return;
		if (done == len)
			break;
		text += done;
		len -= done;
	}
	/* What is in the FIFO now is lost when the machine goes off. */
	(void)uart_wait(uart, UART_LSR_TEMT);
}

bool uart_poll(struct uart *uart)
{
	bool more;

	ticket_lock(&uart->lock);
	uart_pump(uart);
	more = uart->head != uart->tail;
	ticket_unlock(&uart->lock);
	return more;
}

int uart_read(struct uart *uart)
{
	u8 status = reg_read(uart, UART_LSR);

	/* All ones: the device has gone. */
	if (status == 0xff || !(status & UART_LSR_DR))
		return -1;
	return reg_read(uart, UART_RBR);
}

void uart_enable_irq(struct uart *uart, bool on)
{
	ticket_lock(&uart->lock);
	uart->irq = on;
	uart->ier = on ? UART_IER_RX : 0;
	reg_write(uart, UART_MCR, UART_MCR_DTR | UART_MCR_RTS | (on ? UART_MCR_OUT2 : 0));
	reg_write(uart, UART_IER, uart->ier);
	uart_pump(uart);
	ticket_unlock(&uart->lock);
}
