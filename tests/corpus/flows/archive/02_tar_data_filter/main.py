import tarfile

from fastapi import FastAPI, HTTPException, UploadFile

app = FastAPI()


@app.post("/themes")
def theme(file: UploadFile):
    try:
        with tarfile.open(fileobj=file.file) as archive:
            archive.extractall("uploads", filter="data")
            return {"files": archive.getnames()}
    except tarfile.TarError:
        raise HTTPException(400, "not a theme") from None
