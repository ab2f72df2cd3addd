from fastapi import Depends, FastAPI
from fastapi.responses import FileResponse

from documents import Document, Documents, documents

app = FastAPI()


@app.post("/documents")
def add(document: Document, store: Documents = Depends(documents)):
    store.items.append(document)
    return {"count": len(store.items)}


@app.get("/documents/last")
def last(store: Documents = Depends(documents)):
    return FileResponse(store.path_of(-1))
