from fastapi import FastAPI, Form
from fastapi.responses import RedirectResponse

app = FastAPI()


@app.post("/login")
def login(user: str = Form(), next: str = "/"):
    response = RedirectResponse(next, status_code=303)
    response.set_cookie("user", user, httponly=True, secure=True)
    return response
