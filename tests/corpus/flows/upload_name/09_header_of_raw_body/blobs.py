import os
from urllib.parse import unquote

from fastapi import Request


class BlobWriter:
    def __init__(self, path: str) -> None:
        self._stream = open(path, "ab")
        self.written = 0

    def write(self, chunk: bytes) -> None:
        self.written += self._stream.write(chunk)

    def close(self) -> None:
        self._stream.close()


def writer_for_request(request: Request):
    os.makedirs("uploads", exist_ok=True)
    name = unquote(request.headers.get("x-file-name", "blob"))
    writer = BlobWriter(f"uploads/{name}")
    try:
        yield writer
    finally:
        writer.close()
