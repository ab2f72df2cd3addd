"""Frames of JSON over a descriptor of our own: four bytes of length, then the text.

JSON and nothing richer: what comes from this process is read by the parent, and this process
runs somebody else's code.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from typing import Any, Dict, List

_LENGTH = struct.Struct("!I")
FLUSH_BYTES = 64 * 1024


class Channel:
    """Both directions of the pipe to the parent.

    Args:
        descriptor: An open stream socket.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._in = bytearray()
        self._out: List[bytes] = []
        self._waiting = 0
        # Kept here because an application may replace or a sink may watch these.
        self._read = os.read
        self._write = os.write

    def feed(self) -> List[Dict[str, Any]]:
        """Read what is there and return the frames that are whole.

        Raises:
            EOFError: The parent is gone.
        """
        data = self._read(self.descriptor, 1 << 20)
        if not data:
            raise EOFError("the parent closed the pipe")
        self._in += data
        frames = []
        while len(self._in) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._in)
            end = _LENGTH.size + length
            if len(self._in) < end:
                break
            frames.append(json.loads(self._in[_LENGTH.size : end].decode("utf-8")))
            del self._in[:end]
        return frames

    def receive(self) -> Dict[str, Any]:
        """Wait for one frame (before there is an event loop)."""
        while True:
            frames = self.feed()
            if frames:
                return frames[0]

    def put(self, frame: Dict[str, Any]) -> None:
        """Queue a frame; sent when enough wait, or by :meth:`flush`."""
        text = _packed(frame)
        self._out.append(text)
        self._waiting += len(text)
        if self._waiting > FLUSH_BYTES:
            self.flush()

    def hand_over(self, frame: Dict[str, Any], sockets: List[socket.socket]) -> None:
        """Send a frame and open sockets with it (Unix only), which are then closed here."""
        with socket.socket(fileno=os.dup(self.descriptor)) as ours:
            if sockets:
                socket.send_fds(ours, [_packed(frame)], [each.fileno() for each in sockets])
            else:
                ours.sendall(_packed(frame))
        for each in sockets:
            each.close()

    def flush(self) -> None:
        """Write everything that waits."""
        data = memoryview(b"".join(self._out))
        self._out.clear()
        self._waiting = 0
        while data:
            try:
                data = data[self._write(self.descriptor, data) :]
            except BlockingIOError:
                import select

                select.select([], [self.descriptor], [])


def _packed(frame: Dict[str, Any]) -> bytes:
    text = json.dumps(frame, separators=(",", ":"), ensure_ascii=True).encode("ascii")
    return _LENGTH.pack(len(text)) + text
