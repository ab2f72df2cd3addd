from fastapi import FastAPI, HTTPException, UploadFile

from images import ImageStore

app = FastAPI()
store = ImageStore("uploads")


@app.post("/photos")
async def photo(photo: UploadFile):
    if not photo.filename.lower().endswith((".png", ".jpg")):
        raise HTTPException(415, "only images")
    await store.put(photo)
    return {"name": photo.filename}
