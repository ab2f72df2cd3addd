from fastapi import Cookie, FastAPI

from themes import load_theme

app = FastAPI()


@app.get("/theme")
async def theme(theme: str | None = Cookie(default=None)):
    chosen = theme or "colorsys"
    if len(chosen) > 40:
        chosen = "colorsys"
    return {"theme": load_theme(chosen)}
