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
host-test += test_filter
test_filter-src := tests/host/services/test_filter.c kernel/console/filter.c
console-real-src := kernel/console/output.c kernel/console/edit.c kernel/console/filter.c \
	kernel/console/stream.c kernel/console/input.c kernel/log/log.c kernel/log/ring.c \
	kernel/time/time.c kernel/time/scale.c kernel/time/calibrate.c kernel/lib/klog.c
console-fake-src := tests/host/services/fake_clock.c tests/host/services/fake_heap.c \
	tests/host/services/fake_work.c tests/host/services/fake_terminal.c
host-test += test_console
test_console-src := tests/host/services/test_console.c $(console-real-src) $(console-fake-src)
host-test += test_uart
test_uart-src := tests/host/services/test_uart.c drivers/uart/uart.c drivers/uart/access.c \
	kernel/lib/klog.c
shell-real-src := kernel/shell/line.c kernel/shell/words.c kernel/shell/complete.c \
	kernel/shell/shell.c kernel/lib/closest.c kernel/time/timer.c kernel/time/heap.c
host-test += test_shell
test_shell-src := tests/host/services/test_shell.c $(shell-real-src) $(console-real-src) \
	$(console-fake-src)
fuzz += fuzz_shell
fuzz_shell-src := tests/fuzz/fuzz_shell.c $(shell-real-src) $(console-real-src) \
	$(console-fake-src)
host-test += test_sched
test_sched-src := tests/host/services/test_sched.c kernel/lib/klog.c
host-test += test_sched_sim
test_sched_sim-src := tests/host/services/test_sched_sim.c \
	tests/host/services/fake_clock.c kernel/lib/klog.c
host-test += test_sched_yield
test_sched_yield-src := tests/host/services/test_sched_yield.c \
	tests/host/services/fake_clock.c kernel/lib/klog.c
