from fastapi import APIRouter, Request

router = APIRouter()


@router.post("/login")
def login(request: Request, user: str):
    request.session.clear()
    request.session["user"] = user
    return {"user": user}
