import io
import zipfile

from fastapi import FastAPI, HTTPException, UploadFile

app = FastAPI()


@app.post("/imports")
async def imports(bundle: UploadFile):
    data = io.BytesIO(await bundle.read())
    if not zipfile.is_zipfile(data):
        raise HTTPException(400, "not a zip file")
    with zipfile.ZipFile(data) as archive:
        archive.extractall("uploads")
        return {"files": len(archive.namelist())}
