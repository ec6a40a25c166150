host-test += test_radix
test_radix-src := tests/host/mm/test_radix.c arch/x86/mm/radix.c arch/x86/mm/radix_edit.c \
	arch/x86/mm/radix_format.c kernel/lib/klog.c
host-test += test_buddy
test_buddy-src := tests/host/mm/test_buddy.c kernel/mm/bootmem.c kernel/mm/buddy.c \
	kernel/mm/buddy_range.c kernel/mm/buddy_init.c kernel/lib/assert.c kernel/lib/klog.c
host-test += test_heap
test_heap-src := tests/host/mm/test_heap.c kernel/mm/bootmem.c kernel/mm/buddy.c \
	kernel/mm/buddy_range.c kernel/mm/buddy_init.c kernel/mm/page.c kernel/mm/heap.c \
	kernel/lib/assert.c kernel/lib/klog.c
host-test += test_decode
test_decode-src := tests/host/mm/test_decode.c vmm/exit/decode.c vmm/exit/decode_fast.c \
	vmm/exit/decode_system.c vmm/exit/decode_table.c
host-test += test_emulate
test_emulate-src := tests/host/mm/test_emulate.c vmm/exit/decode.c vmm/exit/decode_fast.c \
	vmm/exit/decode_system.c vmm/exit/decode_table.c \
	vmm/exit/emulate.c vmm/exit/emulate_alu.c vmm/exit/emulate_string.c
fuzz += fuzz_decode
fuzz_decode-src := tests/fuzz/fuzz_decode.c vmm/exit/decode.c vmm/exit/decode_fast.c \
	vmm/exit/decode_system.c vmm/exit/decode_table.c \
	vmm/exit/emulate.c vmm/exit/emulate_alu.c vmm/exit/emulate_string.c
host-test += test_radix_model
test_radix_model-src := tests/host/mm/test_radix_model.c kernel/lib/klog.c
