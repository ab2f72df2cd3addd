"""A package index of tiny wheels on loopback, for tools that resolve and install for real."""

from __future__ import annotations

import base64
import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Index:
    """Wheels in a folder, as a simple index (PEP 503) lists them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = ""

    def release(
        self,
        name: str,
        version: str,
        *requires: str,
        python: str = "",
        code: str = "",
        extras: tuple[str, ...] = (),
    ) -> Path:
        """A wheel with one module, which knows its version."""
        files = {f"{name}.py": f'VERSION = "{version}"\n{code}'}
        info = f"{name}-{version}.dist-info"
        head = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
        head += [f"Requires-Python: {python}"] if python else []
        head += [f"Provides-Extra: {extra}" for extra in extras]
        head += [f"Requires-Dist: {text}" for text in requires]
        files[f"{info}/METADATA"] = "\n".join((*head, ""))
        files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        rows = [
            f"{path},sha256={_sum(text.encode())},{len(text.encode())}"
            for path, text in files.items()
        ]
        files[f"{info}/RECORD"] = "\n".join((*rows, f"{info}/RECORD,,", ""))
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            for path, text in files.items():
                archive.writestr(path, text)
        return self.put(name, f"{name}-{version}-py3-none-any.whl", data.getvalue())

    def put(self, name: str, file: str, data: bytes) -> Path:
        """A file of a project, listed with its hash."""
        place = self.folder / "simple" / name
        place.mkdir(parents=True, exist_ok=True)
        (place / file).write_bytes(data)
        self._list(place)
        return place / file

    def withdraw(self, name: str, file: str) -> None:
        """Take a file back."""
        place = self.folder / "simple" / name
        (place / file).unlink()
        self._list(place)

    def _list(self, place: Path) -> None:
        links = [
            f'<a href="{one.name}#sha256={hashlib.sha256(one.read_bytes()).hexdigest()}">{one.name}</a>'
            for one in sorted(place.iterdir())
            if one.name != "index.html"
        ]
        text = f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>"
        (place / "index.html").write_text(text)


def _sum(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


@contextmanager
def served(folder: Path) -> Iterator[Index]:
    """An index that answers until the block ends."""
    index = Index(folder)
    (folder / "simple").mkdir(parents=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        index.address = f"http://127.0.0.1:{server.server_port}/simple/"
        yield index
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
