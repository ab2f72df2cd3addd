"""A server of the tests' own on loopback."""

from __future__ import annotations

import socket
import threading


class Listener:
    """Greets whoever connects, and counts them."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.socket = socket.create_server((host, 0))
        self.port = self.socket.getsockname()[1]
        self.seen = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            self.seen += 1
            client.sendall(b"welcome")
            client.close()
