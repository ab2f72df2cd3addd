from fastapi import APIRouter, Depends, FastAPI, Response

from sessions import Sessions

router = APIRouter()


@router.post("/login")
def login(user: str, response: Response, sessions: Sessions = Depends()):
    sessions.attach(response, user)
    return {"user": user}


app = FastAPI()
app.include_router(router)
