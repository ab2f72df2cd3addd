import aiofiles
from fastapi import FastAPI, HTTPException

from paths import page_path

app = FastAPI()


@app.get("/pages")
async def page(page: str, lang: str = "en"):
    path = page_path(page.removeprefix("/"))
    try:
        async with aiofiles.open(path) as stream:
            return {"lang": lang, "text": await stream.read()}
    except (FileNotFoundError, IsADirectoryError):
        raise HTTPException(404) from None
