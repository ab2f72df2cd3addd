from fastapi import Depends, FastAPI
from fastapi.responses import Response

from library import Library

app = FastAPI()


def library() -> Library:
    return Library("files")


@app.get("/files")
def read(name: str, books: Library = Depends(library)):
    content = books.content(name)
    return Response(content, media_type="text/plain", status_code=200 if content else 404)
