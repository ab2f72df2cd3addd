from sqlmodel import Field, Session, SQLModel, create_engine

engine = create_engine("sqlite:///reports.db", connect_args={"check_same_thread": False})


class Report(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = "report"
    column: str


SQLModel.metadata.create_all(engine)


def session():
    with Session(engine) as db:
        yield db
