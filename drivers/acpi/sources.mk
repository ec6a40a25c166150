core-src += drivers/acpi/acpi.c drivers/acpi/array.c drivers/acpi/madt.c drivers/acpi/mcfg.c \
	drivers/acpi/dmar.c drivers/acpi/spcr.c drivers/acpi/fadt.c drivers/acpi/s5.c
