import os
from pathlib import Path

from fastapi import FastAPI, Header, Request

app = FastAPI()
os.makedirs("uploads", exist_ok=True)


@app.put("/blobs")
async def put_blob(request: Request, x_part: int = Header(ge=1)):
    path = Path("uploads", f"part-{x_part:04d}")
    data = await request.body()
    path.write_bytes(data)
    return {"bytes": len(data)}
