host-test += test_log
test_log-src := tests/host/services/test_log.c tests/host/services/fake_clock.c \
	kernel/log/log.c kernel/log/ring.c kernel/log/phase.c \
	kernel/lib/klog.c
host-test += test_time
test_time-src := tests/host/services/test_time.c tests/host/services/fake_clock.c \
	tests/host/services/fake_ports.c kernel/time/time.c kernel/time/scale.c \
	kernel/time/calibrate.c kernel/lib/klog.c
host-test += test_timer
test_timer-src := tests/host/services/test_timer.c tests/host/services/fake_clock.c \
	kernel/time/timer.c kernel/time/heap.c
