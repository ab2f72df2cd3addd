import asyncio
import tarfile

from fastapi import FastAPI, HTTPException, UploadFile

from plugins import install

app = FastAPI()


@app.post("/plugins")
async def plugin(file: UploadFile):
    loop = asyncio.get_running_loop()
    try:
        count = await loop.run_in_executor(None, install, file.file)
    except tarfile.TarError:
        raise HTTPException(400, "archive refused") from None
    return {"files": count}
