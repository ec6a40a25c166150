core-src += $(addprefix vmm/e1000/,e1000.c eeprom.c interrupt.c phy.c regs.c rx.c tx.c tx_frame.c)
