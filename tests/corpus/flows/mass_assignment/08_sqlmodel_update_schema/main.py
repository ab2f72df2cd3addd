from fastapi import Depends, FastAPI
from sqlmodel import Session

from database import Hero, HeroUpdate, get_session

app = FastAPI()


@app.patch("/heroes/{number}")
def change(number: int, body: HeroUpdate, session: Session = Depends(get_session)):
    hero = session.get(Hero, number) or Hero(id=number, name="new")
    hero.sqlmodel_update(body.model_dump(exclude_unset=True))
    session.add(hero)
    session.commit()
    session.refresh(hero)
    return hero
