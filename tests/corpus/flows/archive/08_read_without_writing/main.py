import io
import tarfile

from fastapi import FastAPI, HTTPException, Request

from fonts import summary

app = FastAPI()


@app.post("/fonts")
async def fonts(request: Request):
    body = io.BytesIO(await request.body())
    try:
        with tarfile.open(fileobj=body) as archive:
            return summary(archive)
    except tarfile.ReadError:
        raise HTTPException(400, "not an archive") from None
