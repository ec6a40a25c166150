core-src += drivers/nic/e1000.c drivers/nic/e1000_ring.c drivers/nic/nic.c
