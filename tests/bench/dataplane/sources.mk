# The switch's packet code, timed natively: compiled as the core is, but for where it is linked.
bench-net := $(B)/bench/dataplane
bench-net-src := kernel/lib/assert.c kernel/lib/klog.c $(net-pkt-src) $(net-vswitch-src) \
	tests/bench/dataplane/device.c tests/bench/dataplane/floor.c
bench-net-host := $(addprefix tests/bench/dataplane/,copy.c main.c tools.c)
bench-net-flags = $(filter-out -mcmodel=kernel -mpreferred-stack-boundary=3,$(core-flags)) -I.
bench-net-objects := $(patsubst %,$(B)/bench/%.o,$(bench-net-src) $(bench-net-host))

$(patsubst %,$(B)/bench/%.o,$(bench-net-src)): $(B)/bench/%.o: % Makefile | $(ready)
	$(call say,BENCHCC)
	@$(CC) $(bench-net-flags) $(depend) -c -o $@ $<
$(patsubst %,$(B)/bench/%.o,$(bench-net-host)): $(B)/bench/%.o: % Makefile | $(ready)
	$(call say,HOSTCC)
	@$(CC) -std=gnu11 -O2 -g -fno-pie -D_GNU_SOURCE -I. $(warnings) $(depend) -c -o $@ $<
$(bench-net): $(bench-net-objects)
	$(call say,HOSTLD)
	@$(CC) -no-pie -pthread -o $@ $^
-include $(bench-net-objects:.o=.d)
