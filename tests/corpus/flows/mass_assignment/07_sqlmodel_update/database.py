from sqlmodel import Field, Session, SQLModel, create_engine

engine = create_engine("sqlite:///heroes.db", connect_args={"check_same_thread": False})


class Hero(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    owner_id: int = 1


SQLModel.metadata.create_all(engine)


def get_session():
    with Session(engine) as session:
        yield session
