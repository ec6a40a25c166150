/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/console/console.h"

#include "arch/x86/console/early.h"
#include "arch/x86/console/fbcon.h"
#include "arch/x86/cpu/panic.h"
#include "arch/x86/cpu/percpu.h"
#include "arch/x86/irq/ioapic.h"
#include "arch/x86/irq/irq.h"
#include "arch/x86/mm/direct.h"
#include "arch/x86/mm/mmio.h"
#include "boot/core/boot.h"
#include "drivers/acpi/spcr.h"
#include "drivers/uart/uart_console.h"
#include "kernel/log/log.h"
#include "vmm/vm/config.h"

#define COM1_PORT 0x3f8
#define COM1_IRQ 4
#define COM2_PORT 0x2f8
#define COM2_IRQ 3
#define IRQ_NONE (-1)

static bool serial_found;
static struct uart_config serial;

static size_t screen_write(struct console_backend *backend, const char *text, size_t len)
{
	(void)backend;
	fbcon_write(text, len);
	return len;
}

static void screen_write_panic(struct console_backend *backend, const char *text, size_t len)
{
	(void)backend;
	fbcon_write(text, len);
}

static struct console_backend screen = {
    .name = "screen",
    .plain = true,
    .write = screen_write,
    .write_panic = screen_write_panic,
};

/* A grey value in the framebuffer's format. */
static u32 screen_grey(const struct handoff_framebuffer *fb, u8 level)
{
	u32 all = level * 0x01010101u;

	if (fb->format == HANDOFF_PIXEL_MASKS)
		return all & (fb->red_mask | fb->green_mask | fb->blue_mask);
	return all & 0xffffff;
}

static void screen_init(u32 *pixels)
{
	const struct handoff_framebuffer *fb = &boot.handoff.framebuffer;
	struct fbcon_mode mode = {
	    .pixels = pixels,
	    .width = fb->width,
	    .height = fb->height,
	    .stride = fb->stride,
	    .foreground = screen_grey(fb, 0xc0),
	};

	fbcon_init(&mode);
}

static bool screen_usable(void)
{
	const struct handoff_framebuffer *fb = &boot.handoff.framebuffer;

	return fb->format != HANDOFF_PIXEL_NONE && fb->phys && fb->stride >= fb->width &&
	       (u64)fb->stride * fb->height * sizeof(u32) <= fb->size;
}

static bool serial_try(const struct uart_config *cfg)
{
	if (serial_found || uart_console_init(cfg))
		return false;
	serial = *cfg;
	serial_found = true;
	return true;
}

/* What the configuration says, if it says anything. */
static struct config_console wanted;

static struct uart_config wanted_uart(void)
{
	return (struct uart_config){
	    .mmio = wanted.kind == CONFIG_CONSOLE_MMIO,
	    .base = wanted.base,
	    .reg_shift = (u8)wanted.reg_shift,
	    .clock_hz = wanted.clock_hz,
	    .baud = wanted.baud,
	};
}

static void read_wanted(void)
{
	const struct handoff_blob *blob = &boot.handoff.config;

	if (blob->phys)
		config_read_console(&wanted, hpa_to_virt(HPA(blob->phys)), blob->size);
}

/* The port that is configured, or what the loader says, and the usual one; MMIO has to wait for
 * own page tables, and what is configured there is not to be preceded by a port. */
static void serial_try_ports(void)
{
	const struct handoff_console *c = &boot.handoff.console;
	struct uart_config uart = wanted_uart();

	if (wanted.kind == CONFIG_CONSOLE_MMIO)
		return;
	if (wanted.kind == CONFIG_CONSOLE_PORT && !serial_try(&uart) && !serial_found)
		log_err("console: nothing answers at the configured port %#llx: mend `console` in "
			"hanok.dtb",
			(unsigned long long)wanted.base);
	if (c->kind == HANDOFF_CONSOLE_PORT)
		serial_try(&(struct uart_config){.base = c->base, .baud = c->baud});
	serial_try(&(struct uart_config){.base = COM1_PORT});
}

static const struct panic_ops panic_to_console = {
    .begin = log_panic,
    .write = console_panic,
};

void boot_console_init(void)
{
	log_init();
	console_init();
	if (screen_usable() && boot.handoff.framebuffer.phys < GIB(4)) {
		screen_init((u32 *)boot.handoff.framebuffer.phys);
		console_add_backend(&screen, true);
	}
	read_wanted();
	serial_try_ports();
	early_console_quiet();
	panic_register(&panic_to_console);
}

void boot_console_remap(void)
{
	const struct handoff_framebuffer *fb = &boot.handoff.framebuffer;
	bool late = !fbcon_present();

	if (!screen_usable())
		return;
	screen_init(mmio_map(HPA(fb->phys), fb->size, MEM_WC));
	if (late && fbcon_present())
		console_add_backend(&screen, true);
}

void boot_console_find(void)
{
	const struct handoff_console *c = &boot.handoff.console;
	struct uart_config uart = wanted_uart();
	struct spcr spcr;

	if (wanted.kind == CONFIG_CONSOLE_MMIO && !serial_try(&uart)) {
		log_err(
		    "console: nothing answers at the configured address %#llx: mend `console` in "
		    "hanok.dtb",
		    (unsigned long long)wanted.base);
		wanted.kind = CONFIG_CONSOLE_AUTO;
		serial_try_ports();
	}
	if (!spcr_read(&boot.acpi, &spcr))
		serial_try(&(struct uart_config){
		    .mmio = spcr.mmio,
		    .base = spcr.base,
		    .reg_shift = spcr.reg_shift,
		    .clock_hz = spcr.clock_hz,
		    .baud = spcr.baud,
		});
	if (c->kind == HANDOFF_CONSOLE_MMIO)
		serial_try(&(struct uart_config){.mmio = true, .base = c->base, .baud = c->baud});
	serial_try(&(struct uart_config){.base = COM2_PORT});
	if (!serial_found)
		log_warn("console: no serial port found, output on the screen only");
}

static int serial_irq(void)
{
	if (serial.mmio)
		return IRQ_NONE;
	return serial.base == COM1_PORT ? COM1_IRQ : serial.base == COM2_PORT ? COM2_IRQ : IRQ_NONE;
}

/* By interrupt where the line is known and can be routed, else by polling. */
void boot_console_start(void)
{
	int vector, irq = serial_irq();

	if (!serial_found)
		return;
	if (irq == IRQ_NONE || !ioapic_gsi_count()) {
		uart_console_start(false);
		return;
	}
	vector = irq_vector_alloc(uart_console_irq, NULL);
	uart_console_start(vector > 0 && !ioapic_route_isa(irq, vector, this_cpu()->apic_id));
}
