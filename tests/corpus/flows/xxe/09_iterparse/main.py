from fastapi import FastAPI, UploadFile

from catalogue import names_in

app = FastAPI()


@app.post("/catalogues")
def catalogue(file: UploadFile):
    return {"names": [name for name in names_in(file.file)]}
