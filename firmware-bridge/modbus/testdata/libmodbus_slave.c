/* An RTU slave by libmodbus: libmodbus_slave PATH SLAVE.
 * Register a holds -1000*slave + a, coil and input a is on when a % 3 == 0.
 * Addresses from 200 on do not exist: libmodbus answers with exception 2. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <modbus.h>

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    int slave = atoi(argv[2]);
    modbus_t *line = modbus_new_rtu(argv[1], 9600, 'N', 8, 1);
    modbus_mapping_t *map = modbus_mapping_new(200, 200, 200, 200);
    if (line == NULL || map == NULL)
        return 1;
    for (int a = 0; a < 200; a++) {
        map->tab_bits[a] = map->tab_input_bits[a] = a % 3 == 0;
        map->tab_registers[a] = map->tab_input_registers[a] = (uint16_t)(-1000 * slave + a);
    }
    modbus_set_slave(line, slave);
    if (modbus_connect(line) == -1) {
        fprintf(stderr, "connect: %s\n", modbus_strerror(errno));
        return 1;
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        uint8_t question[MODBUS_RTU_MAX_ADU_LENGTH];
        int n = modbus_receive(line, question);
        if (n > 0)
            modbus_reply(line, question, n, map);
        else if (n == -1 && (errno == EIO || errno == EBADF))
            return 0; /* the port is gone; anything else is a bad frame */
    }
}
