core-src += kernel/mm/bootmem.c kernel/mm/buddy.c kernel/mm/buddy_range.c kernel/mm/buddy_init.c \
	kernel/mm/page.c kernel/mm/heap.c kernel/mm/newlib.c
