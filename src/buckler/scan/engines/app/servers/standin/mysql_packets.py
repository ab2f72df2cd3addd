"""The packets of the MySQL protocol, as bytes, seen from the server.

Source: MySQL internals manual, "Client/Server Protocol" (dev.mysql.com), chapters "Basic Types",
"Generic Response Packets", "Text Resultset" and "Binary Protocol Value". Integers are little-endian.
"""

from __future__ import annotations

import datetime as dates
import struct
from collections.abc import Sequence

from buckler.scan.engines.app.servers.standin.database import Column

# Capabilities.
CONNECT_WITH_DB = 1 << 3
MULTI_STATEMENTS = 1 << 16
PROTOCOL_41 = 1 << 9
PLUGIN_AUTH = 1 << 19
PLUGIN_AUTH_LENENC = 1 << 21
SECURE_CONNECTION = 1 << 15
DEPRECATE_EOF = 1 << 24
OFFERED = (
    0b111  # long password, found rows, long flag
    | CONNECT_WITH_DB
    | 1 << 8  # ignore space
    | PROTOCOL_41
    | 1 << 10  # interactive
    | 1 << 13  # transactions
    | SECURE_CONNECTION
    | MULTI_STATEMENTS
    | 1 << 17  # multiple results
    | 1 << 18  # multiple results of prepared statements
    | PLUGIN_AUTH
    | 1 << 20  # attributes of the connection
    | PLUGIN_AUTH_LENENC
    | DEPRECATE_EOF
)
# Status.
IN_TRANSACTION, AUTOCOMMIT, MORE_RESULTS = 0x01, 0x02, 0x08
UTF8MB4, BINARY = 45, 63
_INTEGER, _DOUBLE, _TEXT, _DATETIME, _DATE = 8, 5, 253, 12, 10
_TIME, _DECIMAL, _BLOB, _TINY = 11, 246, 252, 1
TYPES = {
    "integer": (_INTEGER, 20),
    "real": (_DOUBLE, 22),
    "boolean": (_TINY, 1),
    "timestamp": (_DATETIME, 26),
    "timestamptz": (_DATETIME, 26),
    "date": (_DATE, 10),
    "time": (_TIME, 17),
    "numeric": (_DECIMAL, 67),
    "json": (_BLOB, 0xFFFFFFFF),
    "blob": (_BLOB, 0xFFFFFFFF),
}
"""By category: the type and the length that is shown; anything else is text."""
_WORDS = ("text", "uuid", "json")


class Refusal(Exception):
    """What a client gets instead of a result.

    Attributes:
        number: Of the error, as in the MySQL error reference.
        state: The five characters of SQLSTATE.
        message: For people.
    """

    def __init__(self, number: int, state: str, message: str) -> None:
        super().__init__(message)
        self.number = number
        self.state = state
        self.message = message


def number(value: int) -> bytes:
    """An integer that says its own length (lenenc)."""
    if value < 251:
        return bytes((value,))
    if value < 1 << 16:
        return b"\xfc" + value.to_bytes(2, "little")
    if value < 1 << 24:
        return b"\xfd" + value.to_bytes(3, "little")
    return b"\xfe" + value.to_bytes(8, "little")


def text(value: bytes) -> bytes:
    """Bytes behind their length."""
    return number(len(value)) + value


class Reader:
    """Takes the fields of a packet, one after the other.

    Args:
        packet: Without its header.
    """

    def __init__(self, packet: bytes) -> None:
        self._packet = packet
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._packet)

    def take(self, size: int) -> bytes:
        """So many bytes.

        Raises:
            Refusal: There are not as many.
        """
        found = self._packet[self._at : self._at + size]
        if len(found) != size:
            raise Refusal(1835, "HY000", "Malformed communication packet.")
        self._at += size
        return found

    def integer(self, size: int, *, signed: bool = False) -> int:
        """An integer of so many bytes."""
        return int.from_bytes(self.take(size), "little", signed=signed)

    def number(self) -> int:
        """An integer that says its own length."""
        first = self.integer(1)
        if first < 251:
            return first
        return self.integer({0xFC: 2, 0xFD: 3, 0xFE: 8}.get(first, len(self._packet) + 1))

    def text(self) -> bytes:
        """Bytes behind their length."""
        return self.take(self.number())

    def line(self) -> bytes:
        """Bytes up to a zero, or to the end where there is none."""
        end = self._packet.find(b"\0", self._at)
        end = len(self._packet) if end < 0 else end
        found = self._packet[self._at : end]
        self._at = end + 1
        return found

    def rest(self) -> bytes:
        """Everything that is left."""
        found = self._packet[self._at :]
        self._at = len(self._packet)
        return found


def greeting(version: str, connection: int, salt: bytes) -> bytes:
    """The server's first packet (HandshakeV10)."""
    return b"".join(
        (
            b"\x0a" + version.encode() + b"\0",
            struct.pack("<I", connection) + salt[:8] + b"\0",
            struct.pack("<HBH", OFFERED & 0xFFFF, UTF8MB4, AUTOCOMMIT),
            struct.pack("<HB", OFFERED >> 16, 21) + bytes(10),
            salt[8:20] + b"\0mysql_native_password\0",
        )
    )


def ok(status: int, *, count: int = 0, last_id: int = 0, head: bytes = b"\0") -> bytes:
    """OK_Packet, without warnings."""
    return head + number(count) + number(max(last_id, 0)) + struct.pack("<HH", status, 0)


def end_of_rows(status: int) -> bytes:
    """EOF_Packet, without warnings."""
    return b"\xfe" + struct.pack("<HH", 0, status)


def error(refusal: Refusal) -> bytes:
    """ERR_Packet."""
    said = refusal.message.encode("utf-8", "replace")[:512]
    return b"\xff" + struct.pack("<H", refusal.number) + b"#" + refusal.state.encode() + said


def definition(column: Column) -> bytes:
    """ColumnDefinition41."""
    kind, length = TYPES.get(column.type, (_TEXT, 1020))
    words = column.type not in TYPES or column.type in _WORDS
    flags = 0 if words else 0x80
    name = text(column.name.encode("utf-8", "replace"))
    decimals = 31 if column.type == "real" else 2 if column.type == "numeric" else 0
    shape = struct.pack("<HIBHBH", UTF8MB4 if words else BINARY, length, kind, flags, decimals, 0)
    return text(b"def") + text(b"") * 3 + name * 2 + b"\x0c" + shape


def plain(value: object, column: Column) -> bytes:
    """A value as text, in the form that drivers read for the column's type."""
    match value:
        case bytes():
            return value
        case bool():
            return b"1" if value else b"0"
        case float() if column.type == "integer" and value == int(value):
            return b"%d" % int(value)
        case int() | float() if column.type == "numeric":
            return f"{value:.2f}".encode() if isinstance(value, float) else b"%d" % value
    shown = str(value)
    if column.type in ("timestamp", "timestamptz"):
        # Without the zone, which DATETIME does not have.
        return shown.replace("T", " ")[:26].split("+")[0].rstrip("Z").encode()
    return shown.encode("utf-8", "replace")


def row(values: Sequence[object], columns: Sequence[Column]) -> bytes:
    """A row of the text protocol."""
    return b"".join(
        b"\xfb" if value is None else text(plain(value, column))
        for value, column in zip(values, columns, strict=True)
    )


def binary_row(values: Sequence[object], columns: Sequence[Column]) -> bytes:
    """A row of the binary protocol; the bits of nulls start at the third."""
    nulls = bytearray((len(columns) + 9) // 8)
    parts = []
    for at, (value, column) in enumerate(zip(values, columns, strict=True), start=2):
        if value is None:
            nulls[at // 8] |= 1 << at % 8
        else:
            parts.append(_binary(value, column))
    return b"\0" + bytes(nulls) + b"".join(parts)


def _binary(value: object, column: Column) -> bytes:
    shown = plain(value, column)
    match column.type:
        case "integer":
            return struct.pack("<q", int(shown))
        case "boolean":
            return struct.pack("<b", int(shown))
        case "real":
            return struct.pack("<d", float(shown))
        case "timestamp" | "timestamptz" | "date":
            moment = dates.datetime.fromisoformat(shown.decode())
            day = struct.pack("<HBB", moment.year, moment.month, moment.day)
            clock = struct.pack(
                "<BBBI", moment.hour, moment.minute, moment.second, moment.microsecond
            )
            return b"\x04" + day if column.type == "date" else b"\x0b" + day + clock
        case "time":
            clock_of = dates.time.fromisoformat(shown.decode())
            parts = (clock_of.hour, clock_of.minute, clock_of.second, clock_of.microsecond)
            return b"\x0c" + struct.pack("<BIBBBI", 0, 0, *parts)
        case _:
            return text(shown)


def parameters(
    reader: Reader, count: int, types: list[int], parts: dict[int, bytes]
) -> list[object]:
    """The values of COM_STMT_EXECUTE.

    Args:
        reader: Behind the number of iterations.
        count: Of values.
        types: Of the last execution; renewed where the packet brings them.
        parts: Values that came before, by place.

    Raises:
        Refusal: They cannot be read.
    """
    nulls = reader.take((count + 7) // 8)
    if reader.integer(1):
        types[:] = [reader.integer(2) for _ in range(count)]
    if len(types) != count:
        raise Refusal(1210, "HY000", "Incorrect arguments to EXECUTE")
    found: list[object] = []
    for at, kind in enumerate(types):
        if nulls[at // 8] >> at % 8 & 1:
            found.append(None)
        else:
            found.append(parts[at] if at in parts else _value(reader, kind))
    parts.clear()
    return found


def _value(reader: Reader, kind: int) -> object:
    signed = not kind & 0x8000
    match kind & 0xFF:
        case 0x06:
            return None
        case 0x01:
            return reader.integer(1, signed=signed)
        case 0x02 | 0x0D:
            return reader.integer(2, signed=signed)
        case 0x03 | 0x09:
            return reader.integer(4, signed=signed)
        case 0x08:
            return reader.integer(8, signed=signed)
        case 0x04:
            return struct.unpack("<f", reader.take(4))[0]
        case 0x05:
            return struct.unpack("<d", reader.take(8))[0]
        case 0x0A | 0x07 | 0x0C:
            return _moment(reader.take(reader.integer(1)))
        case 0x0B:
            return _clock(reader.take(reader.integer(1)))
        case _:
            return _words(reader.text())


def _words(value: bytes) -> object:
    """Text where it is, bytes where it is not: the type alone does not say."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value


def _moment(packed: bytes) -> str:
    year, month, day, hour, minute, second, rest = struct.unpack(
        "<HBBBBBI", packed.ljust(11, b"\0")
    )
    date = f"{year:04}-{month:02}-{day:02}"
    clock = f" {hour:02}:{minute:02}:{second:02}" if len(packed) > 4 else ""
    return date + clock + (f".{rest:06}" if len(packed) > 7 else "")


def _clock(packed: bytes) -> str:
    minus, days, hour, minute, second, rest = struct.unpack("<BIBBBI", packed.ljust(12, b"\0"))
    sign = "-" if minus else ""
    return f"{sign}{days * 24 + hour:02}:{minute:02}:{second:02}" + (f".{rest:06}" if rest else "")
