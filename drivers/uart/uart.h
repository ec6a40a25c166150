/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 16550 UART (National PC16550D data sheet), by I/O port or MMIO, as SPCR or the
 * configuration describe it. Nothing here waits for ever: every poll is bounded,
 * and a UART that is not there is found out by writing to its scratch and
 * loopback facilities.
 */
#ifndef DRIVERS_UART_UART_H
#define DRIVERS_UART_UART_H

#include "kernel/lib/types.h"
#include "kernel/sync/ticketlock.h"

struct uart_config {
	bool mmio; /* base is a host-physical address, else an I/O port */
	u64 base;
	u8 reg_shift;    /* registers are 1 << reg_shift bytes apart */
	u8 access_bytes; /* width of an MMIO access: 1 or 4 (0: 1) */
	u32 clock_hz;    /* 0: 1843200, the PC's */
	u32 baud;        /* 0: 115200 */
};

#define UART_TX_RING 32768

struct uart;
struct uart_reg_ops {
	u8 (*read)(struct uart *uart, unsigned reg);
	void (*write)(struct uart *uart, unsigned reg, u8 value);
};

struct uart {
	struct uart_config cfg;
	const struct uart_reg_ops *regs;
	volatile void *mmio;
	struct ticketlock lock;
	u32 fifo;      /* bytes the transmitter takes at once: 1 or 16 */
	bool buffered; /* what does not fit waits in the ring, else in a bounded poll */
	bool dead;     /* the transmitter stopped: nothing is sent any more */
	bool irq;
	u8 ier;
	u32 head, tail; /* of tx: bytes put and taken, modulo 2^32 */
	char tx[UART_TX_RING];
};

/* Set it up: 8n1, FIFO on, interrupts off. ERR_NOENT if nothing answers there,
 * ERR_INVAL for an impossible configuration. Usable from the first line of boot (port)
 * or once mmio_map() works. */
int __must_check uart_init(struct uart *uart, const struct uart_config *cfg);

/* The same with the registers given: for tests. */
int __must_check uart_init_regs(struct uart *uart, const struct uart_config *cfg,
				const struct uart_reg_ops *regs);

/* From here on writes do not wait: what the FIFO cannot take goes to the ring, and
 * uart_poll() has to be called (interrupt, or every few milliseconds). */
void uart_set_buffered(struct uart *uart, bool on);

/* Send bytes. Returns how many were taken. */
size_t uart_write(struct uart *uart, const char *text, size_t len);
/* Room in the ring, bytes. */
size_t uart_room(const struct uart *uart);
/* Send by polling, without the lock, what is in the ring and then this. */
void uart_write_panic(struct uart *uart, const char *text, size_t len);

/* Move bytes from the ring to the FIFO; true if there are more. */
bool uart_poll(struct uart *uart);

/* A received byte, or -1. */
int uart_read(struct uart *uart);

/* Receive interrupts on or off (with OUT2, which gates the line on PCs); transmit
 * interrupts follow by themselves while the ring is not empty. */
void uart_enable_irq(struct uart *uart, bool on);

#endif
