from fastapi import FastAPI, Request

from sealed_files import encryptor_for

app = FastAPI()


@app.post("/files")
async def save(request: Request):
    body = await request.body()
    padded = body + b" " * (-len(body) % 16)
    encryptor = encryptor_for("compact")
    return {"data": (encryptor.update(padded) + encryptor.finalize()).hex()}
