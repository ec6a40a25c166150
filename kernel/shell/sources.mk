core-src += kernel/shell/line.c kernel/shell/words.c kernel/shell/complete.c kernel/shell/shell.c
