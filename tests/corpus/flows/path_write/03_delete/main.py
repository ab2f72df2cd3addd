import os

from fastapi import APIRouter, FastAPI, HTTPException, Response

router = APIRouter()
os.makedirs("uploads", exist_ok=True)
open("uploads/old.txt", "w").close()


@router.delete("/{name:path}", status_code=204)
def delete(name: str):
    full = os.path.normpath(os.path.join("uploads", name))
    try:
        os.remove(full)
    except FileNotFoundError:
        raise HTTPException(404) from None
    return Response(status_code=204)


app = FastAPI()
app.include_router(router, prefix="/notes")
