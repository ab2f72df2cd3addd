from fastapi import FastAPI, HTTPException

from reading import MarkdownReader

app = FastAPI()
reader = MarkdownReader("files")


@app.get("/docs-files/{page:path}")
def page(page: str):
    try:
        return {"html": reader.read(page)}
    except OSError:
        raise HTTPException(404) from None
