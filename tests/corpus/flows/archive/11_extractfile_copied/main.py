import asyncio

from fastapi import FastAPI, UploadFile

from plugins import install

app = FastAPI()


@app.post("/plugins")
async def plugin(file: UploadFile):
    loop = asyncio.get_running_loop()
    count = await loop.run_in_executor(None, install, file.file)
    return {"files": count}
