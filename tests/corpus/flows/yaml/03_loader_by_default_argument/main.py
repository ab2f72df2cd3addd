from fastapi import FastAPI, UploadFile

from config.reader import read_config

app = FastAPI()


@app.post("/config")
async def configure(file: UploadFile):
    settings = read_config(await file.read())
    return {"keys": len(settings or ())}
