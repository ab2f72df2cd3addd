from fastapi import FastAPI, Request

from web import render

app = FastAPI()


@app.get("/articles/{slug}")
async def article(request: Request, slug: str):
    return render(request, "article.html", slug=slug, title="Article")
