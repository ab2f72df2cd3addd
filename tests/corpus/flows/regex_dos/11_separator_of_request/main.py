from fastapi import Depends, FastAPI

from splitting import Splitter

app = FastAPI()


@app.get("/split")
def split(text: str, splitter: Splitter = Depends()):
    return {"parts": splitter.parts(text)}
