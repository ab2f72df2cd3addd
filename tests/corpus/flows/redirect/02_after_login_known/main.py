from fastapi import FastAPI, Form
from fastapi.responses import RedirectResponse

app = FastAPI()
PAGES = ("/", "/home", "/orders")


@app.post("/login")
def login(user: str = Form(), next: str = "/"):
    target = next if next in PAGES else "/"
    response = RedirectResponse(target, status_code=303)
    response.set_cookie("user", user, httponly=True, secure=True)
    return response
