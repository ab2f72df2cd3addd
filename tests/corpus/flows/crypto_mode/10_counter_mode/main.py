from fastapi import FastAPI, Request

from sealed_files import encryptor_for

app = FastAPI()


@app.post("/files")
async def save(request: Request):
    body = await request.body()
    start, encryptor = encryptor_for()
    return {"data": (start + encryptor.update(body) + encryptor.finalize()).hex()}
