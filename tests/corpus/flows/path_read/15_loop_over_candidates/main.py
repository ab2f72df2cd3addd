from fastapi import FastAPI, HTTPException, Response

from assets import load

app = FastAPI()


@app.get("/assets")
def asset(name: str):
    content = load(name)
    if content is None:
        raise HTTPException(404)
    return Response(content, media_type="text/plain")
