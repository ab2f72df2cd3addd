from pathlib import Path

import aiofiles

from .names import tidy


class Storage:
    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(exist_ok=True)

    async def store(self, upload, prefix: int) -> str:
        name = tidy(upload.filename)
        async with aiofiles.open(f"{self.root}/{name}", "wb") as target:
            await target.write(await upload.read())
        return f"{prefix}:{name}"


def get_storage() -> Storage:
    return Storage(Path("uploads"))
