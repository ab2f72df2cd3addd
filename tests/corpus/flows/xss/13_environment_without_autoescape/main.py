from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from rendering import Renderer

app = FastAPI()
renderer = Renderer("templates")


@app.get("/cards")
def cards(title: str, price: float = 1.0):
    return HTMLResponse(renderer("card.html", title=title, price=price))
