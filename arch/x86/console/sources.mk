core-src += arch/x86/console/early.c arch/x86/console/fbcon.c arch/x86/console/font.c
