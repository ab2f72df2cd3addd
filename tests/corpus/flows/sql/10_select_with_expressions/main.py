from typing import Annotated, Literal

from fastapi import Depends, FastAPI
from sqlmodel import Field, Session, SQLModel, create_engine, select

engine = create_engine("sqlite:///heroes.db", connect_args={"check_same_thread": False})


class Hero(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    power: str = ""


SQLModel.metadata.create_all(engine)


def get_session():
    with Session(engine) as session:
        yield session


app = FastAPI()


@app.get("/heroes")
def heroes(name: str, session: Annotated[Session, Depends(get_session)], order: Literal["name", "power"] = "name"):
    statement = select(Hero).where(Hero.name.contains(name)).order_by(getattr(Hero, order))
    return session.exec(statement).all()
