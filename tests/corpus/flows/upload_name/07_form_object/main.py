from pathlib import Path

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

FOLDER = Path("uploads")
FOLDER.mkdir(exist_ok=True)


async def documents(request):
    form = await request.form()
    title, document = form["title"], form["document"]
    if "/" in title or ".." in title:
        return JSONResponse({"error": "bad name"}, status_code=400)
    target = FOLDER.joinpath(document.filename)
    target.write_bytes(await document.read())
    return JSONResponse({"title": title})


app = Starlette(routes=[Route("/documents", documents, methods=["POST"])])
