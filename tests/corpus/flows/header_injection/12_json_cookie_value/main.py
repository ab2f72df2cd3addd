from fastapi import FastAPI, HTTPException, Response
from pydantic import BaseModel

app = FastAPI()


class Preferences(BaseModel):
    theme: str


@app.post("/preferences")
def preferences(body: Preferences, response: Response):
    try:
        response.set_cookie("theme", body.theme, secure=True, httponly=True)
    except ValueError:
        raise HTTPException(422, "theme is not valid") from None
    return {"theme": len(body.theme)}
