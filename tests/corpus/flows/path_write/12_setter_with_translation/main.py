from fastapi import FastAPI, Request

from recording import Recording

app = FastAPI()


@app.post("/recordings")
async def record(request: Request):
    recording = Recording()
    if name := request.headers.get("x-name"):
        recording.name = name
    recording.save(await request.body())
    return {"name": recording.name}
