import secrets

from fastapi import Body, Depends, FastAPI, Response

from settings import Settings, get_settings

app = FastAPI()


@app.post("/login")
def login(response: Response, user: str = Body(embed=True), settings: Settings = Depends(get_settings)):
    response.set_cookie(
        key=settings.cookie_name,
        value=secrets.token_urlsafe(32),
        httponly=True,
        secure=settings.cookie_secure,
    )
    return {"user": user}
