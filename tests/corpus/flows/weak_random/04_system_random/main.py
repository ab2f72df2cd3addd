from fastapi import FastAPI, Response

from ids import new_id

app = FastAPI()


@app.post("/login")
def login(response: Response):
    session_id = new_id()
    response.set_cookie("session", session_id, secure=True, httponly=True)
    return {"token": session_id}
