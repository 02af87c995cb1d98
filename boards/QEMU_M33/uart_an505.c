// UART 0 of an AN505 (CMSDK APB UART) at its secure address.
#include <stddef.h>
#include <stdint.h>

#include "uart.h"

typedef struct _cmsdk_uart_t {
    volatile uint32_t data;
    volatile uint32_t state; // 1: transmitter full, 2: something received
    volatile uint32_t ctrl; // 1: transmit, 2: receive
    volatile uint32_t intstatus;
    volatile uint32_t bauddiv;
} cmsdk_uart_t;

#define UART ((cmsdk_uart_t *)0x50200000u)

void uart_init(void) {
    UART->bauddiv = 16;
    UART->ctrl = 3;
}

int uart_rx_chr(void) {
    return (UART->state & 2u) != 0 ? (int)UART->data : UART_RX_NO_CHAR;
}

void uart_tx_strn(const char *buf, size_t len) {
    for (size_t i = 0; i < len; i++) {
        while ((UART->state & 1u) != 0) {
        }
        UART->data = (uint8_t)buf[i];
    }
}
