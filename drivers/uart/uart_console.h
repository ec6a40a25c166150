/* SPDX-License-Identifier: BSD-2-Clause */
/* A UART as the console's backend and keyboard. */
#ifndef DRIVERS_UART_UART_CONSOLE_H
#define DRIVERS_UART_UART_CONSOLE_H

#include "drivers/uart/uart.h"

/* Find and set up the serial console, and add it to the console's backends. Early:
 * output is polled until uart_console_start(). Errors of uart_init(). */
int __must_check uart_console_init(const struct uart_config *cfg);

/*
 * Once the scheduler runs (boot processor): take input, buffer output. With irq the
 * caller has routed the UART's interrupt to a vector of processor 0 whose handler is
 * uart_console_irq(); otherwise a timer of processor 0 polls, every 10 ms when idle,
 * every millisecond while output waits.
 */
void uart_console_start(bool irq);

/* The interrupt handler: an irq_handler_t, the argument is not used. */
void uart_console_irq(void *arg);

#endif
