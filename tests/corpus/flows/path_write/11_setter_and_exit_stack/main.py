from fastapi import FastAPI, Request

from recording import Recording

app = FastAPI()


@app.post("/recordings")
async def record(request: Request):
    recording = Recording()
    if name := request.headers.get("x-name"):
        recording.name = name
    with recording:
        async for chunk in request.stream():
            recording.write(chunk)
    return {"size": recording.size}
