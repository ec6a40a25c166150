core-src += kernel/lib/klog.c
