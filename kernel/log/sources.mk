core-src += kernel/log/log.c kernel/log/ring.c kernel/log/phase.c
