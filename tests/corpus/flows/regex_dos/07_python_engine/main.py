from fastapi import FastAPI

from schemas import Release

app = FastAPI()


@app.post("/versions")
def version(release: Release):
    return {"version": release.version}
