from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from pages import search_page

app = FastAPI()


@app.get("/search")
async def search(q: str = ""):
    return HTMLResponse(search_page(q, hits=[]))
