import tarfile

from fastapi import FastAPI, UploadFile

app = FastAPI()


@app.post("/themes")
def theme(file: UploadFile):
    with tarfile.open(fileobj=file.file) as archive:
        archive.extractall("uploads")
        return {"files": archive.getnames()}
