import zipfile
from pathlib import Path


def spread(data, folder: Path) -> list[str]:
    written = []
    with zipfile.ZipFile(data) as packed:
        for info in packed.infolist():
            if info.is_dir() or info.file_size > 1_000_000:
                continue
            with open(f"{folder}/{info.filename}", "wb") as out:
                out.write(packed.read(info))
            written.append(info.filename)
    return written
