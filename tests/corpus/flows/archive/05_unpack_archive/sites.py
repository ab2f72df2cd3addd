import os
import shutil
import tempfile
from contextlib import contextmanager


class Deployment:
    def __init__(self, name: str) -> None:
        self.name = name

    @contextmanager
    def received(self, data: bytes):
        with tempfile.NamedTemporaryFile(suffix=".tar.gz") as stream:
            stream.write(data)
            stream.flush()
            yield stream.name

    def unpack(self, path: str) -> None:
        folder = os.path.join("uploads", self.name)
        os.makedirs(folder, exist_ok=True)
        shutil.unpack_archive(path, folder, format="gztar")
