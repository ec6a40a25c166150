core-src += kernel/lib/klog.c kernel/lib/assert.c
