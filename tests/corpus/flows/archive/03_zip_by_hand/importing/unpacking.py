import io
import zipfile
from pathlib import Path

TARGET = Path("uploads")


def unpack(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        for entry in bundle.infolist():
            if entry.is_dir():
                continue
            path = TARGET / entry.filename
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(bundle.read(entry))
