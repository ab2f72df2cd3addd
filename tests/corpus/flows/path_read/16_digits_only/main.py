from fastapi import FastAPI, HTTPException, Response

from assets import load

app = FastAPI()


@app.get("/assets")
def asset(number: str):
    if number.isdigit():
        content = load(number)
    else:
        raise HTTPException(400, "not a number")
    return Response(content, media_type="text/plain")
