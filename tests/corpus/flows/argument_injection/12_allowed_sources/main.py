from fastapi import Depends, FastAPI, Form, HTTPException

from mirror import SOURCES, Mirror

app = FastAPI()


def source(source: str = Form()) -> str:
    if source in SOURCES:
        return source
    raise HTTPException(400, "unknown source")


@app.post("/mirror")
def mirror(chosen: str = Depends(source), job: Mirror = Depends(Mirror)):
    return {"code": job(chosen)}
