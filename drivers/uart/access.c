/* SPDX-License-Identifier: BSD-2-Clause */
/* How a 16550's registers are reached: ports, bytes or words of memory. */
#include "arch/x86/cpu/io.h"
#include "arch/x86/mm/mmio.h"
#include "drivers/uart/uart.h"
#include "kernel/lib/err.h"

#define UART_REGISTERS 8

static u8 port_read(struct uart *uart, unsigned reg)
{
	return io_in8((u16)(uart->cfg.base + (reg << uart->cfg.reg_shift)));
}

static void port_write(struct uart *uart, unsigned reg, u8 value)
{
	io_out8((u16)(uart->cfg.base + (reg << uart->cfg.reg_shift)), value);
}

static volatile u8 *reg_address(struct uart *uart, unsigned reg)
{
	return (volatile u8 *)uart->mmio + (reg << uart->cfg.reg_shift);
}

static u8 mmio8_read(struct uart *uart, unsigned reg)
{
	return mmio_read8(reg_address(uart, reg));
}

static void mmio8_write(struct uart *uart, unsigned reg, u8 value)
{
	mmio_write8(reg_address(uart, reg), value);
}

static u8 mmio32_read(struct uart *uart, unsigned reg)
{
	return (u8)mmio_read32(reg_address(uart, reg));
}

static void mmio32_write(struct uart *uart, unsigned reg, u8 value)
{
	mmio_write32(reg_address(uart, reg), value);
}

static const struct uart_reg_ops port_ops = {port_read, port_write};
static const struct uart_reg_ops mmio8_ops = {mmio8_read, mmio8_write};
static const struct uart_reg_ops mmio32_ops = {mmio32_read, mmio32_write};

static bool uart_config_valid(const struct uart_config *cfg)
{
	u64 span = (u64)UART_REGISTERS << cfg->reg_shift;

	if (cfg->reg_shift > 4)
		return false;
	if (!cfg->mmio)
		return cfg->base && cfg->base + span <= 0x10000;
	if (cfg->access_bytes == 4)
		return cfg->reg_shift >= 2 && IS_ALIGNED(cfg->base, 4);
	return cfg->base && cfg->access_bytes <= 1;
}

int uart_init(struct uart *uart, const struct uart_config *cfg)
{
	if (!uart_config_valid(cfg))
		return trace_err(ERR_INVAL,
				 "uart: impossible: base 0x%llx, register shift %u, access %u",
				 (unsigned long long)cfg->base, cfg->reg_shift, cfg->access_bytes);
	if (!cfg->mmio)
		return uart_init_regs(uart, cfg, &port_ops);
	uart->mmio = mmio_map(HPA(cfg->base), (u64)UART_REGISTERS << cfg->reg_shift, MEM_UC);
	if (!uart->mmio)
		return trace_err(ERR_NOMEM, "uart: no memory to map 0x%llx",
				 (unsigned long long)cfg->base);
	return uart_init_regs(uart, cfg, cfg->access_bytes == 4 ? &mmio32_ops : &mmio8_ops);
}
