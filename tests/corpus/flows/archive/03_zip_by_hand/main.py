from fastapi import BackgroundTasks, FastAPI, UploadFile

from importing import unpack

app = FastAPI()


@app.post("/imports", status_code=202)
async def imports(bundle: UploadFile, tasks: BackgroundTasks):
    tasks.add_task(unpack, await bundle.read())
    return {"state": "queued"}
