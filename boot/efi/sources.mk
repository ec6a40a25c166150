# SPDX-License-Identifier: BSD-2-Clause
loader-src += boot/efi/config.c boot/efi/core_image.S boot/efi/core_load.c boot/efi/dhcp.c \
	boot/efi/elf.c boot/efi/files.c boot/efi/firmware.c boot/efi/format.c boot/efi/gop.c \
	boot/efi/guard.c boot/efi/handoff.c boot/efi/http.c boot/efi/leave.c boot/efi/main.c \
	boot/efi/memmap.c boot/efi/memory.c boot/efi/mp.c boot/efi/names.c boot/efi/pagetable.c \
	boot/efi/path.c boot/efi/print.c boot/efi/progress.c boot/efi/pxe_tftp.c \
	boot/efi/serial.c boot/efi/source.c boot/efi/source_http.c boot/efi/source_pxe.c \
	boot/efi/source_volume.c boot/efi/stamp.c boot/efi/string.c boot/efi/tftp.c \
	boot/efi/utc.c kernel/lib/dtb.c
