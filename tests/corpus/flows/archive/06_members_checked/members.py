import tarfile
from pathlib import Path


def inside(folder: str, member: tarfile.TarInfo) -> bool:
    if not (member.isfile() or member.isdir()):
        return False
    base = Path(folder).resolve()
    return (base / member.name).resolve().is_relative_to(base)
