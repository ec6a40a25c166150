/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtual 16550A. */
#include "vmm/vdev/vuart.h"

#include <string.h>

#include "kernel/mm/heap.h"
#include "kernel/sync/ticketlock.h"
#include "vmm/vdev/platform.h"
#include "vmm/vdev/vtime.h"
#include "vmm/vm/layout.h"

/* Registers by offset; 0 and 1 are the divisor while DLAB is set. */
enum { REG_DATA, REG_IER, REG_IIR, REG_LCR, REG_MCR, REG_LSR, REG_MSR, REG_SCR, REGS };

#define IER_RX 0x01
#define IER_TX 0x02
#define IER_LINE 0x04
#define IER_MODEM 0x08
#define IIR_NONE 0x01
#define IIR_MODEM 0x00
#define IIR_TX 0x02
#define IIR_RX 0x04
#define IIR_LINE 0x06
#define IIR_TIMEOUT 0x0c
#define IIR_FIFO 0xc0
#define FCR_ENABLE 0x01
#define FCR_CLEAR_RX 0x02
#define LCR_DLAB 0x80
#define MCR_VALID 0x1f
#define MCR_OUT2 0x08 /* lets the interrupt through on a PC */
#define MCR_LOOP 0x10
#define LSR_READY 0x01
#define LSR_OVERRUN 0x02
#define LSR_IDLE 0x60 /* transmitter holding and shift registers empty */
#define MSR_DELTAS 0x0f
#define MSR_LINE 0xb0 /* carrier, data set ready, clear to send: a peer is there */
#define FIFO_SIZE 16

struct vuart {
	struct ticketlock lock;
	struct platform *p;
	struct vtimer flush;
	u8 ier, fcr, lcr, mcr, lsr_errors, msr, scr;
	u16 divisor;
	bool tx_pending; /* the transmitter-empty interrupt waits to be seen */
	bool sending;    /* somebody gives the host what has gathered */
	bool irq;
	u32 head, count; /* of input */
	u32 output_len;
	u8 input[VUART_INPUT + FIFO_SIZE];
	char output[VUART_OUTPUT];
};

/* --- interrupts; all with the lock held --------------------------------------------------------
 */

static u32 trigger_level(const struct vuart *u)
{
	static const u8 levels[4] = {1, 4, 8, 14};

	return u->fcr & FCR_ENABLE ? levels[u->fcr >> 6] : 1;
}

/* Whether the transmitter can take as much as its FIFO holds. Not while the host is behind. */
static bool tx_room(const struct vuart *u)
{
	return u->output_len <= VUART_OUTPUT - FIFO_SIZE;
}

/* What IIR reports: the pending interrupt of highest priority (PC16550D, table 5). */
static u8 interrupt_id(const struct vuart *u)
{
	if (u->ier & IER_LINE && u->lsr_errors)
		return IIR_LINE;
	if (u->ier & IER_RX && u->count >= trigger_level(u))
		return IIR_RX;
	/* Less than the level: no more is coming at the moment, so time is out at once. */
	if (u->ier & IER_RX && u->count)
		return IIR_TIMEOUT;
	if (u->ier & IER_TX && u->tx_pending && tx_room(u))
		return IIR_TX;
	if (u->ier & IER_MODEM && u->msr & MSR_DELTAS)
		return IIR_MODEM;
	return IIR_NONE;
}

static void update(struct vuart *u)
{
	/* Systems that never set OUT2 poll; one in loopback has the output disconnected. */
	bool wired = u->mcr & MCR_OUT2 && !(u->mcr & MCR_LOOP);
	bool irq = wired && interrupt_id(u) != IIR_NONE;

	if (irq == u->irq)
		return;
	u->irq = irq;
	platform_irq(u->p, LAYOUT_GSI_COM1, irq);
}

/* --- input -------------------------------------------------------------------------------------
 */

static u32 input_limit(const struct vuart *u)
{
	/* In loopback and without FIFOs the real sizes show. */
	if (!(u->fcr & FCR_ENABLE) && u->mcr & MCR_LOOP)
		return 1;
	return u->mcr & MCR_LOOP ? FIFO_SIZE : VUART_INPUT;
}

static void put_input(struct vuart *u, u8 byte)
{
	if (u->count >= input_limit(u)) {
		u->lsr_errors |= LSR_OVERRUN;
		return;
	}
	u->input[(u->head + u->count) % sizeof(u->input)] = byte;
	u->count++;
}

static u8 take_input(struct vuart *u)
{
	u8 byte;

	if (!u->count)
		return 0;
	byte = u->input[u->head];
	u->head = (u->head + 1) % sizeof(u->input);
	u->count--;
	return byte;
}

void vuart_input(struct vuart *u, const char *bytes, size_t len)
{
	ticket_lock(&u->lock);
	/* The line is cut in loopback. What does not fit waits nowhere: a person types it. */
	for (size_t i = 0; i < len && u->count < VUART_INPUT && !(u->mcr & MCR_LOOP); i++)
		put_input(u, (u8)bytes[i]);
	update(u);
	ticket_unlock(&u->lock);
}

/* --- output ------------------------------------------------------------------------------------
 */

/* See to it that what has gathered is given to the host soon. */
static void flush_later(struct vuart *u)
{
	if (u->output_len && u->flush.deadline == VTIMER_OFF)
		vtimer_arm(&u->flush, vtime_now(u->p) + u->p->tsc_hz / (1000000 / VUART_FLUSH_US));
}

/* Give the host what has gathered, without the lock, since its console calls us back with its
 * own held. What it does not take stays, and the guest waits for the transmitter. Not
 * inlined: few writes send, and the room on the stack is paid for by all. */
static __attribute__((noinline)) void send(struct vuart *u)
{
	char bytes[VUART_OUTPUT];
	u32 len, taken;

	ticket_lock(&u->lock);
	len = u->sending ? 0 : u->output_len;
	if (!len) {
		ticket_unlock(&u->lock);
		return;
	}
	u->sending = true;
	memcpy(bytes, u->output, len);
	ticket_unlock(&u->lock);
	taken = (u32)u->p->host->uart_output(u->p->vm, bytes, len);
	ticket_lock(&u->lock);
	u->sending = false;
	u->output_len -= taken;
	memmove(u->output, u->output + taken, u->output_len);
	flush_later(u);
	update(u);
	ticket_unlock(&u->lock);
}

/* With the lock held. True: to be sent, as soon as the lock is released. */
static bool put_output(struct vuart *u, u8 byte)
{
	/* Full only if the guest did not wait for the transmitter. */
	if (u->output_len < VUART_OUTPUT)
		u->output[u->output_len++] = (char)byte;
	if (byte == '\n' || u->output_len == VUART_OUTPUT)
		return true;
	flush_later(u);
	return false;
}

static void flush(struct timer *timer)
{
	struct vuart *u = container_of(timer, struct vuart, flush.timer);
	bool due;

	ticket_lock(&u->lock);
	due = vtimer_due(&u->flush);
	ticket_unlock(&u->lock);
	if (due)
		send(u);
}

/* --- registers; all with the lock held ---------------------------------------------------------
 */

/* True: send(). */
static bool write_data(struct vuart *u, u8 value)
{
	u->tx_pending = true; /* sent, and empty again */
	if (!(u->mcr & MCR_LOOP))
		return put_output(u, value);
	put_input(u, value);
	return false;
}

static void write_ier(struct vuart *u, u8 value)
{
	/* Switching the interrupt on while the transmitter is empty raises it. */
	if (value & ~u->ier & IER_TX)
		u->tx_pending = true;
	u->ier = value & 0x0f;
}

static void write_fcr(struct vuart *u, u8 value)
{
	/* Turning the FIFOs on or off empties them. */
	if ((value ^ u->fcr) & FCR_ENABLE || value & FCR_CLEAR_RX)
		u->count = 0;
	u->fcr = value & FCR_ENABLE ? value & 0xc9 : 0;
}

/* Modem inputs: in loopback the four outputs of MCR, else a peer that is always ready. */
static u8 modem_lines(const struct vuart *u)
{
	u8 m = u->mcr;

	if (!(m & MCR_LOOP))
		return MSR_LINE;
	return (u8)((m & 0x02) << 3 | (m & 0x01) << 5 | (m & 0x04) << 4 | (m & 0x08) << 4);
}

static void write_mcr(struct vuart *u, u8 value)
{
	u8 before = u->msr & 0xf0, after, changed;

	u->mcr = value & MCR_VALID;
	after = modem_lines(u);
	changed = before ^ after;
	/* Of the ring indicator only the end counts (PC16550D 8.6.4). */
	if (after & 0x40)
		changed &= (u8)~0x40;
	u->msr = after | (u->msr & MSR_DELTAS) | changed >> 4;
}

static void write_divisor(struct vuart *u, u64 offset, u8 value)
{
	u->divisor = offset ? (u16)((u->divisor & 0x00ff) | value << 8)
			    : (u16)((u->divisor & 0xff00) | value);
}

/* True: send(). */
static bool write_register(struct vuart *u, u64 offset, u8 value)
{
	if (offset <= REG_IER && u->lcr & LCR_DLAB) {
		write_divisor(u, offset, value);
		return false;
	}
	switch (offset) {
	case REG_DATA:
		return write_data(u, value);
	case REG_IER:
		write_ier(u, value);
		break;
	case REG_IIR:
		write_fcr(u, value);
		break;
	case REG_LCR:
		u->lcr = value;
		break;
	case REG_MCR:
		write_mcr(u, value);
		break;
	case REG_SCR:
		u->scr = value;
		break;
	default: /* LSR and MSR are for reading */
		break;
	}
	return false;
}

static u8 read_iir(struct vuart *u)
{
	u8 id = interrupt_id(u);

	if (id == IIR_TX)
		u->tx_pending = false;
	return id | (u->fcr & FCR_ENABLE ? IIR_FIFO : 0);
}

static u8 read_lsr(struct vuart *u)
{
	u8 value = (tx_room(u) ? LSR_IDLE : 0) | u->lsr_errors | (u->count ? LSR_READY : 0);

	u->lsr_errors = 0;
	return value;
}

static u8 read_msr(struct vuart *u)
{
	u8 value = u->msr;

	u->msr &= (u8)~MSR_DELTAS;
	return value;
}

static u8 read_register(struct vuart *u, u64 offset)
{
	if (offset <= REG_IER && u->lcr & LCR_DLAB)
		return (u8)(offset ? u->divisor >> 8 : u->divisor);
	switch (offset) {
	case REG_DATA:
		return take_input(u);
	case REG_IER:
		return u->ier;
	case REG_IIR:
		return read_iir(u);
	case REG_LCR:
		return u->lcr;
	case REG_MCR:
		return u->mcr;
	case REG_LSR:
		return read_lsr(u);
	case REG_MSR:
		return read_msr(u);
	default:
		return u->scr;
	}
}

static u64 uart_read(void *dev, u64 offset, unsigned size)
{
	struct vuart *u = dev;
	u8 value;

	(void)size;
	ticket_lock(&u->lock);
	value = read_register(u, offset);
	update(u);
	ticket_unlock(&u->lock);
	return value;
}

static void uart_write(void *dev, u64 offset, unsigned size, u64 value)
{
	struct vuart *u = dev;
	bool full;

	(void)size;
	ticket_lock(&u->lock);
	full = write_register(u, offset, (u8)value);
	update(u);
	ticket_unlock(&u->lock);
	if (unlikely(full))
		send(u);
}
static const struct bus_ops uart_ops = {uart_read, uart_write};

/* --- life cycle --------------------------------------------------------------------------------
 */

void vuart_reset(struct vuart *u)
{
	send(u);
	ticket_lock(&u->lock);
	u->ier = u->fcr = u->lcr = u->mcr = u->lsr_errors = u->scr = 0;
	u->msr = MSR_LINE;
	u->divisor = 12; /* 9600 baud */
	u->tx_pending = false;
	u->head = u->count = 0;
	vtimer_stop(&u->flush);
	flush_later(u); /* what the host has not taken yet */
	update(u);
	ticket_unlock(&u->lock);
}

int vuart_create(struct platform *p)
{
	struct vuart *u = heap_alloc(sizeof(*u));
	const struct bus_range range = {VUART_PORT, REGS, &uart_ops, u, "uart", true};

	if (!u)
		return trace_err(ERR_NOMEM, "no memory for the UART");
	u->p = p;
	p->uart = u;
	vtimer_init(&u->flush, p, flush);
	vuart_reset(u);
	return bus_add(&p->ports, &range);
}

void vuart_destroy(struct vuart *u)
{
	if (!u)
		return;
	vtimer_destroy(&u->flush);
	heap_free(u);
}
