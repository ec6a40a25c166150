core-src += $(addprefix vmm/vdev/,acpi_tables.c bus.c calendar.c platform.c vioapic.c vlapic.c \
	vlapic_deliver.c vlapic_pv.c vlapic_regs.c vlapic_timer.c vlapic_vectors.c vpic.c vpit.c \
	vpm.c vrtc.c vtime.c vuart.c)
generated += $(B)/gen/vmm/vdev/dsdt.h
