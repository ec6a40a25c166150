core-src += kernel/time/scale.c kernel/time/calibrate.c kernel/time/time.c kernel/time/timer.c \
	kernel/time/heap.c
