import yaml
from fastapi import FastAPI, HTTPException, UploadFile

from config.reader import read_config

try:
    from yaml import CSafeLoader as ChosenLoader
except ImportError:
    from yaml import SafeLoader as ChosenLoader

app = FastAPI()


@app.post("/config")
async def configure(file: UploadFile):
    try:
        settings = read_config(await file.read(), ChosenLoader)
    except yaml.YAMLError:
        raise HTTPException(422, "cannot be read") from None
    return {"keys": len(settings or ())}
