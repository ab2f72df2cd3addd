import hashlib
import os

from fastapi import FastAPI, Form

from previews import save_preview

app = FastAPI()
os.makedirs("uploads", exist_ok=True)


@app.post("/previews")
def preview(url: str = Form()):
    key = hashlib.sha256(url.encode()).hexdigest()
    return {"path": save_preview(key, b"preview")}
