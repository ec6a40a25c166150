nat-base-src = $(net-base-src) $(nat-src) $(service-src)
nat-world-src = tests/host/nat/world.c $(nat-base-src)

host-test += test_nat
test_nat-src = tests/host/nat/test_nat.c $(nat-world-src)

host-test += test_dhcp
test_dhcp-src = tests/host/nat/test_dhcp.c $(nat-world-src)
host-test += test_dns
test_dns-src = tests/host/nat/test_dns.c $(nat-world-src)
host-test += test_nat_table
test_nat_table-src = tests/host/nat/test_nat_table.c net/nat/table.c net/nat/wheel.c \
	net/nat/random.c net/nat/state.c
fuzz += fuzz_nat fuzz_dhcp fuzz_dns
fuzz_nat-src = tests/fuzz/fuzz_nat.c $(nat-world-src)
fuzz_dhcp-src = tests/fuzz/fuzz_dhcp.c net/service/dhcp_msg.c kernel/lib/klog.c
fuzz_dns-src = tests/fuzz/fuzz_dns.c net/service/dns_msg.c
host-test += test_nat_flows
test_nat_flows-src = tests/host/nat/test_nat_flows.c $(nat-world-src)
