nat-base-src = $(net-base-src) $(nat-src) $(service-src)
nat-world-src = tests/host/nat/world.c $(nat-base-src)

host-test += test_nat
test_nat-src = tests/host/nat/test_nat.c $(nat-world-src)
