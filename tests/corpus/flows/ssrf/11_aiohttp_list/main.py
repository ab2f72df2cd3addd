from fastapi import FastAPI, Request

from links import check_all

app = FastAPI()


@app.post("/links")
async def links(request: Request):
    body = await request.json()
    urls = [url for url in body.get("urls", []) if isinstance(url, str)]
    return {"results": await check_all(urls[:20])}
