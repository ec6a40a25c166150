/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/console/early.h"

#include "arch/x86/console/fbcon.h"
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/mm/mmio.h"

#define UART_THR 0
#define UART_LSR 5
#define UART_SCR 7
#define UART_LSR_THRE 0x20
/* A stuck line must not stop a panic: about as long as 16 characters take. */
#define UART_SPINS 200000

static struct early_serial serial;
static bool quiet;

static u8 serial_read(unsigned reg)
{
	u64 at = serial.base + ((u64)reg << serial.shift);

	return serial.mmio ? mmio_read8((void *)at) : io_in8(at);
}

static void serial_write(unsigned reg, u8 value)
{
	u64 at = serial.base + ((u64)reg << serial.shift);

	if (serial.mmio)
		mmio_write8((void *)at, value);
	else
		io_out8(at, value);
}

static bool serial_answers(void)
{
	serial_write(UART_SCR, 0x5a);
	if (serial_read(UART_SCR) != 0x5a)
		return false;
	serial_write(UART_SCR, 0xa5);
	return serial_read(UART_SCR) == 0xa5;
}

void early_console_probe(u16 port)
{
	serial = (struct early_serial){.base = port};
	if (!serial_answers())
		serial.base = 0;
}

void early_console_set_serial(const struct early_serial *s)
{
	serial = *s;
}

static void serial_put(char c)
{
	for (unsigned spins = 0; !(serial_read(UART_LSR) & UART_LSR_THRE); spins++) {
		if (spins == UART_SPINS)
			return;
		cpu_relax();
	}
	serial_write(UART_THR, c);
}

void early_console_write(const char *text, size_t len)
{
	if (quiet)
		return;
	for (size_t i = 0; serial.base && i < len; i++) {
		if (text[i] == '\n')
			serial_put('\r');
		serial_put(text[i]);
	}
	fbcon_write(text, len);
}

void early_console_quiet(void)
{
	quiet = true;
}

void early_console_panic(void)
{
	quiet = false;
}
