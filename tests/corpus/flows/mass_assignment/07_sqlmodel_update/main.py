from fastapi import Depends, FastAPI, Request
from sqlmodel import Session

from database import Hero, get_session

app = FastAPI()


@app.patch("/heroes/{number}")
async def change(number: int, request: Request, session: Session = Depends(get_session)):
    hero = session.get(Hero, number) or Hero(id=number, name="new")
    hero.sqlmodel_update(await request.json())
    session.add(hero)
    session.commit()
    session.refresh(hero)
    return hero
