from fastapi import FastAPI, HTTPException, Request

from plain import PlainError, read

app = FastAPI()


@app.post("/state")
async def state(request: Request):
    try:
        value = read(await request.body())
    except PlainError as error:
        raise HTTPException(400, "refused") from error
    return {"kind": type(value).__name__}
