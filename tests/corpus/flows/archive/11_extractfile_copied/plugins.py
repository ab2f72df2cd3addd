import os
import shutil
import tarfile
from typing import BinaryIO


def install(stream: BinaryIO) -> int:
    count = 0
    os.makedirs("uploads", exist_ok=True)
    with tarfile.open(fileobj=stream, mode="r") as archive:
        while (member := archive.next()) is not None:
            source = archive.extractfile(member)
            if source is None:
                continue
            with source, open(os.path.join("uploads", member.name), "wb") as target:
                shutil.copyfileobj(source, target)
            count += 1
    return count
