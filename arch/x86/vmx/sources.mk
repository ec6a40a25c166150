core-src += arch/x86/mm/pages.c
