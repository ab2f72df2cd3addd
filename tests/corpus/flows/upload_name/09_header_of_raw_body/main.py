from fastapi import Depends, FastAPI, Request

from blobs import BlobWriter, writer_for_request

app = FastAPI()


@app.put("/blobs")
async def put_blob(request: Request, writer: BlobWriter = Depends(writer_for_request)):
    async for chunk in request.stream():
        writer.write(chunk)
    return {"bytes": writer.written}
