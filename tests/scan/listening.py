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
            self._greet(client)
            client.close()

    def _greet(self, client: socket.socket) -> None:
        client.sendall(b"welcome")


class JsonServer(Listener):
    """Answers every request with the same JSON."""

    def __init__(self, body: bytes) -> None:
        self._answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"
        self._answer += b"content-length: %d\r\n\r\n" % len(body) + body
        super().__init__()

    def _greet(self, client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(self._answer)
