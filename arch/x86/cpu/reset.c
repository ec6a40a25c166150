/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/x86/cpu/reset.h"

#include <string.h>

#include "arch/x86/console/early.h"
#include "arch/x86/cpu/cpu.h"
#include "arch/x86/cpu/io.h"
#include "arch/x86/cpu/tsc.h"
#include "arch/x86/smp/smp.h"

/* Reset control register of PC chipsets. */
#define PORT_RESET_CONTROL 0xcf9
#define RESET_CONTROL_SYSTEM 0x02
#define RESET_CONTROL_FULL 0x0e
#define PORT_KEYBOARD 0x64
#define KEYBOARD_BUSY 0x02
#define KEYBOARD_PULSE_RESET 0xfe
/* PIIX4's power management function, 0:1.3: Bochs forgets the base of its registers at a reset
 * but not that they are enabled, and firmware then waits for a timer at no address. */
#define PORT_PCI_ADDRESS 0xcf8
#define PORT_PCI_DATA 0xcfc
#define PCI_PIIX4_PM 0x80000b00u
#define PCI_PIIX4_PM_ID 0x71138086u
#define PIIX4_PMREGMISC 0x80
/* Bochs and old QEMU switch off when they read this word at the port. */
#define PORT_EMULATOR_OFF 0x8900
#define EMULATOR_OFF "Shutdown"
#define RESET_WAIT_US 50000

static const struct reset_ops *reset_ops;

void reset_register(const struct reset_ops *ops)
{
	reset_ops = ops;
}

static void disable_piix4_registers(void)
{
	io_out32(PORT_PCI_ADDRESS, PCI_PIIX4_PM);
	if (io_in32(PORT_PCI_DATA) != PCI_PIIX4_PM_ID)
		return;
	io_out32(PORT_PCI_ADDRESS, PCI_PIIX4_PM | PIIX4_PMREGMISC);
	io_out8(PORT_PCI_DATA, 0);
}

static void reset_by_chipset(void)
{
	disable_piix4_registers();
	io_out8(PORT_RESET_CONTROL, RESET_CONTROL_SYSTEM);
	tsc_delay_us(100);
	io_out8(PORT_RESET_CONTROL, RESET_CONTROL_FULL);
	tsc_delay_us(RESET_WAIT_US);
}

static void reset_by_keyboard(void)
{
	for (int tries = 0; tries < 1000 && (io_in8(PORT_KEYBOARD) & KEYBOARD_BUSY); tries++)
		tsc_delay_us(10);
	io_out8(PORT_KEYBOARD, KEYBOARD_PULSE_RESET);
	tsc_delay_us(RESET_WAIT_US);
}

static __noreturn void reset_by_triple_fault(void)
{
	struct {
		u16 limit;
		u64 base;
	} __packed nothing = {0};

	__asm__ volatile("lidt %0; ud2" ::"m"(nothing));
	cpu_halt_forever();
}

void machine_reset(void)
{
	__asm__ volatile("cli");
	smp_stop_others();
	if (reset_ops && reset_ops->reset)
		reset_ops->reset();
	reset_by_keyboard();
	reset_by_chipset();
	if (reset_ops && reset_ops->firmware)
		reset_ops->firmware(false);
	reset_by_triple_fault();
}

void machine_poweroff(void)
{
	static const char text[] = "\nThis machine cannot be switched off by software.\n";

	__asm__ volatile("cli");
	smp_stop_others();
	if (reset_ops && reset_ops->poweroff)
		reset_ops->poweroff();
	for (const char *c = EMULATOR_OFF; *c; c++)
		io_out8(PORT_EMULATOR_OFF, *c);
	if (reset_ops && reset_ops->firmware)
		reset_ops->firmware(true);
	early_console_panic();
	early_console_write(text, strlen(text));
	cpu_halt_forever();
}
