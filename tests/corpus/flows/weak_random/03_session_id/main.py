from fastapi import Depends, FastAPI, Response

from sessions import SessionStore, store

app = FastAPI()


@app.post("/login")
def login(response: Response, sessions: SessionStore = Depends(store)):
    session = sessions.start("ann")
    response.set_cookie("session", session.id, secure=True, httponly=True)
    return {"token": session.id}
