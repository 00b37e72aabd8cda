#!/usr/bin/python3
"""A Modbus TCP slave that replays one column of a CSV log.

Every answered block takes the next row: input register 1 (function 04, the
XY-MD02's temperature) holds round(value / scale). After the last row the slave
is busy (exception 6). The log gets row,value,answered_at for each answered
block, written through before the answer is sent; value is what the register
means, which is the file's value as long as the scale is fine enough.

Needs Debian's python3-pymodbus (3.0.0) and python3-serial-asyncio.
Prints "listening PORT" when it is ready.
"""

import argparse
import asyncio
import csv
import logging
import sys
from datetime import datetime, timezone
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from pymodbus.datastore import ModbusServerContext
from pymodbus.interfaces import IModbusSlaveContext
from pymodbus.pdu import ExceptionResponse, ModbusExceptions
from pymodbus.server.async_io import ModbusTcpServer

READ_INPUT_REGISTERS = 4
ADDRESS = 1


class Exhausted(Exception):
    """There is no row left."""


class Replay(IModbusSlaveContext):
    """The slave's registers: one, whose value moves on with each answer."""

    def __init__(self, registers, scale, log):
        self.registers = registers
        self.scale = scale
        self.log = log
        self.next = 0
        log.write("row,value,answered_at\n")
        log.flush()

    def validate(self, fc_as_hex, address, count=1):
        return fc_as_hex == READ_INPUT_REGISTERS and address == ADDRESS and count == 1

    def getValues(self, fc_as_hex, address, count=1):
        if self.next == len(self.registers):
            raise Exhausted
        register = self.registers[self.next]
        value = (register * self.scale).normalize()
        at = datetime.now(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
        self.next += 1
        self.log.write(f"{self.next},{value:f},{at}\n")
        self.log.flush()
        return [register & 0xFFFF]

    def setValues(self, fc_as_hex, address, values):
        raise NotImplementedError("the slave is only read")

    def reset(self):
        raise NotImplementedError("the slave is only read")


def read_column(path, column, scale):
    """Return the column as signed register values."""
    registers = []
    with open(path, newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        if column not in (reader.fieldnames or []):
            raise ValueError(f"no column {column!r} (there are {reader.fieldnames})")
        for row in reader:
            try:
                steps = (Decimal(row[column]) / scale).quantize(Decimal(1), ROUND_HALF_UP)
            except (InvalidOperation, TypeError) as error:
                raise ValueError(f"line {reader.line_num}: {row[column]!r} is not a number") from error
            if not -32768 <= steps <= 32767:
                raise ValueError(f"line {reader.line_num}: {row[column]} does not fit a register")
            registers.append(int(steps))
    if not registers:
        raise ValueError("the file has no rows")
    return registers


async def serve(replay, host, port):
    def busy(response):
        """Turn the library's exception 4 into 6 once the rows are used up."""
        failed = isinstance(response, ExceptionResponse) and response.exception_code == ModbusExceptions.SlaveFailure
        if failed and replay.next == len(replay.registers):
            response.exception_code = ModbusExceptions.SlaveBusy
        return response, False

    context = ModbusServerContext(slaves={1: replay}, single=False)
    server = ModbusTcpServer(context, address=(host, port), response_manipulator=busy)
    serving = asyncio.create_task(server.serve_forever())
    await asyncio.wait({serving, server.serving}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        await serving
        return
    print("listening", server.server.sockets[0].getsockname()[1], flush=True)
    await serving


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--csv", required=True)
    parser.add_argument("--column", default="temperature")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--log", required=True)
    parser.add_argument("--scale", type=Decimal, default=Decimal("0.01"), help="value of one register step")
    args = parser.parse_args()
    # The library prints a stack for every exception it answers with.
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    logging.getLogger("pymodbus").addHandler(logging.NullHandler())
    try:
        registers = read_column(args.csv, args.column, args.scale)
    except (OSError, ValueError) as error:
        sys.exit(f"{args.csv}: {error}")
    with open(args.log, "w", encoding="utf-8") as log:
        try:
            asyncio.run(serve(Replay(registers, args.scale, log), args.host, args.port))
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
