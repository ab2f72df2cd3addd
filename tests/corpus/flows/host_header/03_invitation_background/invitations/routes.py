import secrets

from fastapi import APIRouter, BackgroundTasks, Body, Request

from .mail import Mailer

router = APIRouter()
mailer = Mailer("localhost")


@router.get("/invitations/{token}", name="accept")
def accept(team: int, token: str):
    return {"team": team}


@router.post("/invitations")
def invite(team: int, request: Request, tasks: BackgroundTasks, address: str = Body(embed=True)):
    link = request.url_for("accept", team=team, token=secrets.token_urlsafe())
    tasks.add_task(mailer.invite, address, str(link))
    return {"invited": True}
