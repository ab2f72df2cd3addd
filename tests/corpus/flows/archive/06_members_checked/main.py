import io
import tarfile

from fastapi import FastAPI, HTTPException, UploadFile

from members import inside

app = FastAPI()


@app.post("/sites")
async def deploy(archive: UploadFile):
    data = io.BytesIO(await archive.read())
    try:
        with tarfile.open(fileobj=data, mode="r:*") as bundle:
            members = bundle.getmembers()
            if not all(inside("uploads", member) for member in members):
                raise HTTPException(400, "entry outside of the site")
            bundle.extractall("uploads", members=members)
    except tarfile.ReadError:
        raise HTTPException(400, "not an archive") from None
    return {"files": len(members)}
