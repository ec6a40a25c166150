core-src += boot/core/console.c boot/core/devices.c boot/core/entry.S boot/core/firmware.c boot/core/guests.c \
	boot/core/handoff.c boot/core/machine.c boot/core/main.c boot/core/memory.c
