from fastapi import Depends, FastAPI, UploadFile

from sites import Deployment

app = FastAPI()


def deployment(site: str) -> Deployment:
    return Deployment(site if site.isalnum() else "default")


@app.post("/sites/{site}")
async def deploy(archive: UploadFile, target: Deployment = Depends(deployment)):
    with target.received(await archive.read()) as path:
        target.unpack(path)
    return {"site": target.name}
