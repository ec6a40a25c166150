# SPDX-License-Identifier: BSD-2-Clause
host-test += test_loader_utc test_loader_elf test_loader_memmap test_loader_path test_loader_names \
	test_loader_pagetable
test_loader_utc-src := tests/host/loader/test_loader_utc.c boot/efi/utc.c
test_loader_elf-src := tests/host/loader/test_loader_elf.c boot/efi/elf.c
test_loader_memmap-src := tests/host/loader/test_loader_memmap.c boot/efi/memmap.c
test_loader_path-src := tests/host/loader/test_loader_path.c boot/efi/path.c boot/efi/dhcp.c \
	boot/efi/tftp.c boot/efi/format.c
test_loader_names-src := tests/host/loader/test_loader_names.c boot/efi/names.c kernel/lib/dtb.c
test_loader_pagetable-src := tests/host/loader/test_loader_pagetable.c boot/efi/pagetable.c \
	boot/efi/format.c
fuzz += fuzz_loader
fuzz_loader-src := tests/fuzz/loader/fuzz_loader.c boot/efi/elf.c boot/efi/names.c kernel/lib/dtb.c \
	boot/efi/dhcp.c boot/efi/memmap.c boot/efi/path.c boot/efi/tftp.c boot/efi/format.c
