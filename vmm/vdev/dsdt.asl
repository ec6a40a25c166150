/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The DSDT of every VM: what ACPI's fixed tables do not tell. The numbers are
 * those of vmm/vm/layout.h and vmm/vdev/vpm.h.
 */
DefinitionBlock ("dsdt.aml", "DSDT", 2, "HANOK ", "HANOKVM ", 0x00000001)
{
	/* Soft off: VPM_SLP_TYP_S5. */
	Name (\_S5, Package() {5, 5, 0, 0})

	/* How the system takes interrupts: 0 by the PICs, 1 by the I/O APIC. */
	Name (PICM, 0)
	Method (\_PIC, 1) { PICM = Arg0 }

	Scope (\_SB)
	{
		Device (PCI0)
		{
			Name (_HID, EisaId ("PNP0A08"))
			Name (_CID, EisaId ("PNP0A03"))
			Name (_UID, 0)
			Name (_SEG, 0)
			Name (_BBN, 0)
			Name (_CCA, 1)
			Name (_CRS, ResourceTemplate() {
				WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,
					0, 0, 15, 0, 16)
				IO (Decode16, 0x0CF8, 0x0CF8, 1, 8)
				WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
					0, 0x0000, 0x0CF7, 0, 0x0CF8)
				WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,
					0, 0x0D00, 0xFFFF, 0, 0xF300)
				DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed,
					NonCacheable, ReadWrite,
					0, 0xC0000000, 0xDFFFFFFF, 0, 0x20000000)
			})

			/* All pins of all devices, rotated by the device's number, over the
			 * lines from Arg0 on, whose number less one is Arg1. */
			Method (ROUT, 2)
			{
				Local0 = Package (128) {}
				Local1 = 0
				While (Local1 < 128)
				{
					Local2 = Package (4) {0, 0, 0, 0}
					Local3 = Local1 >> 2
					Local2[0] = Local3 << 16 | 0xFFFF
					Local2[1] = Local1 & 3
					Local2[3] = Arg0 + (Local3 + Local1 & Arg1)
					Local0[Local1] = Local2
					Local1++
				}
				Return (Local0)
			}

			/* I/O APIC inputs 16 to 19, or the PICs' 10 and 11. */
			Method (_PRT)
			{
				If (PICM) { Return (ROUT (16, 3)) }
				Return (ROUT (10, 1))
			}

			Device (PIC)
			{
				Name (_HID, EisaId ("PNP0000"))
				Name (_CRS, ResourceTemplate() {
					IO (Decode16, 0x0020, 0x0020, 1, 2)
					IO (Decode16, 0x00A0, 0x00A0, 1, 2)
					IO (Decode16, 0x04D0, 0x04D0, 1, 2)
					IRQNoFlags() {2}
				})
			}

			Device (TIMR)
			{
				Name (_HID, EisaId ("PNP0100"))
				Name (_CRS, ResourceTemplate() {
					IO (Decode16, 0x0040, 0x0040, 1, 4)
					IRQNoFlags() {0}
				})
			}

			Device (SPKR)
			{
				Name (_HID, EisaId ("PNP0800"))
				Name (_CRS, ResourceTemplate() {
					IO (Decode16, 0x0061, 0x0061, 1, 1)
				})
			}

			Device (RTC)
			{
				Name (_HID, EisaId ("PNP0B00"))
				Name (_CRS, ResourceTemplate() {
					IO (Decode16, 0x0070, 0x0070, 1, 2)
					IRQNoFlags() {8}
				})
			}

			Device (COM1)
			{
				Name (_HID, EisaId ("PNP0501"))
				Name (_UID, 1)
				Name (_STA, 0x0F)
				Name (_CRS, ResourceTemplate() {
					IO (Decode16, 0x03F8, 0x03F8, 1, 8)
					IRQNoFlags() {4}
				})
			}
		}

		/* What no driver claims, so that nothing else is put there. */
		Device (MBRD)
		{
			Name (_HID, EisaId ("PNP0C02"))
			Name (_UID, 1)
			Name (_CRS, ResourceTemplate() {
				IO (Decode16, 0x0092, 0x0092, 1, 1)
				IO (Decode16, 0x0600, 0x0600, 1, 16)
				Memory32Fixed (ReadWrite, 0xE0000000, 0x01000000)
				Memory32Fixed (ReadWrite, 0xFEE00000, 0x00001000)
			})
		}
	}
}
