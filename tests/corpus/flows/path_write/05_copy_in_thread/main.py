import asyncio
from dataclasses import dataclass

from fastapi import Depends, FastAPI

from backup import copy_to

app = FastAPI()


@dataclass
class Backup:
    target: str
    compress: bool = False


@app.post("/backups")
async def backup(options: Backup = Depends()):
    path = await asyncio.to_thread(copy_to, options.target)
    return {"path": path, "compressed": options.compress}
