core-src += drivers/uart/uart.c drivers/uart/access.c drivers/uart/uart_console.c
