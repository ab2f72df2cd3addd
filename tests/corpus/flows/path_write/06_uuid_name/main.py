import json
import uuid
from pathlib import Path

from fastapi import FastAPI

app = FastAPI()
FOLDER = Path("uploads")
FOLDER.mkdir(exist_ok=True)


@app.post("/backups")
async def backup(label: str):
    name = uuid.uuid4().hex
    target = FOLDER / f"{name}.json"
    with target.open("w") as stream:
        json.dump({"label": label}, stream)
    return {"name": name}
