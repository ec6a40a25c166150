core-src += kernel/lib/closest.c kernel/lib/dtb.c kernel/lib/klog.c kernel/lib/assert.c
