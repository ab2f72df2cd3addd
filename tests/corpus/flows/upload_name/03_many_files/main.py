from typing import Annotated

from fastapi import Depends, FastAPI, File, UploadFile

from gallery import Storage, get_storage

app = FastAPI()


@app.post("/albums/{album}")
async def album(
    album: int,
    photos: Annotated[list[UploadFile], File()],
    storage: Annotated[Storage, Depends(get_storage)],
):
    names = []
    for photo in photos:
        names.append(await storage.store(photo, prefix=album))
    return {"names": names}
