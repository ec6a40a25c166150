# SPDX-License-Identifier: BSD-2-Clause
e1000-src := $(addprefix vmm/e1000/,e1000.c eeprom.c interrupt.c phy.c regs.c rx.c tx.c tx_frame.c)
host-test += test_e1000
test_e1000-src = tests/host/e1000/test_e1000.c $(nics-src) $(e1000-src)
fuzz += fuzz_e1000
fuzz_e1000-src = tests/fuzz/fuzz_e1000.c $(nics-src) $(e1000-src)
