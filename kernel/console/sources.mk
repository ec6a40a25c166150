core-src += kernel/console/output.c kernel/console/edit.c kernel/console/filter.c \
	kernel/console/stream.c kernel/console/input.c
