host-test += test_klog
test_klog-src := tests/host/build/test_klog.c kernel/lib/klog.c
