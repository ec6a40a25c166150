/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers of the 16550 (National PC16550D data sheet, table II). */
#ifndef DRIVERS_UART_REGS_H
#define DRIVERS_UART_REGS_H

#define UART_RBR 0 /* read: received byte */
#define UART_THR 0 /* write: byte to send */
#define UART_DLL 0 /* with DLAB: divisor, low */
#define UART_IER 1
#define UART_DLM 1 /* with DLAB: divisor, high */
#define UART_IIR 2 /* read */
#define UART_FCR 2 /* write */
#define UART_LCR 3
#define UART_MCR 4
#define UART_LSR 5
#define UART_MSR 6
#define UART_SCR 7

#define UART_IER_RX 0x01
#define UART_IER_TX 0x02

#define UART_IIR_NONE 0x01 /* no interrupt pending */
#define UART_IIR_FIFO 0xc0 /* both set: the FIFOs work */

#define UART_FCR_ENABLE 0x01
#define UART_FCR_CLEAR_RX 0x02
#define UART_FCR_CLEAR_TX 0x04

#define UART_LCR_8N1 0x03
#define UART_LCR_DLAB 0x80

#define UART_MCR_DTR 0x01
#define UART_MCR_RTS 0x02
#define UART_MCR_OUT2 0x08 /* on PCs: lets the interrupt line through */
#define UART_MCR_LOOP 0x10

#define UART_LSR_DR 0x01
#define UART_LSR_THRE 0x20
#define UART_LSR_TEMT 0x40

#define UART_MSR_LINES 0xf0
#define UART_MSR_CTS 0x10
#define UART_MSR_DCD 0x80

#endif
