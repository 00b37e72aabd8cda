"""An RTU slave by pymodbus: pymodbus_slave.py rtu PATH | tcp PORT (RTU frames over TCP).

Slaves 1 and 2. Register a holds -1000*slave + a, coil and input a is on when a % 3 == 0.
Addresses from 200 on do not exist.
"""
import asyncio
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server import StartAsyncSerialServer, StartAsyncTcpServer
from pymodbus.transaction import ModbusRtuFramer


def slave(number):
    words = [(-1000 * number + a) & 0xFFFF for a in range(200)]
    bits = [a % 3 == 0 for a in range(200)]
    return ModbusSlaveContext(
        di=ModbusSequentialDataBlock(0, bits),
        co=ModbusSequentialDataBlock(0, list(bits)),
        hr=ModbusSequentialDataBlock(0, words),
        ir=ModbusSequentialDataBlock(0, words),
        zero_mode=True,
    )


async def main():
    kind, where = sys.argv[1:]
    context = ModbusServerContext(slaves={1: slave(1), 2: slave(2)}, single=False)
    if kind == "rtu":
        # Frames for other slaves are none of its business on a shared line.
        await StartAsyncSerialServer(context, framer=ModbusRtuFramer, port=where, baudrate=9600, ignore_missing_slaves=True)
    else:
        await StartAsyncTcpServer(context, framer=ModbusRtuFramer, address=("127.0.0.1", int(where)), ignore_missing_slaves=True)


asyncio.run(main())
