import sqlite3
from contextlib import contextmanager
from pathlib import Path

from sqlmodel import Field, Session, SQLModel, create_engine

DB_FILE = Path(__file__).with_name("parts.db")
engine = create_engine(f"sqlite:///{DB_FILE}")


class Part(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    sku: str
    name: str
    price: float
    stock: int
    bin: int
    site: str = "main"


class Supplier(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    region: str


@contextmanager
def raw():
    con = sqlite3.connect(DB_FILE)
    con.row_factory = sqlite3.Row
    try:
        with con:
            yield con
    finally:
        con.close()


def prepare() -> None:
    DB_FILE.unlink(missing_ok=True)
    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Part(sku="BOLT-8", name="Bolt M8", price=0.2, stock=900, bin=3))
        session.add(Part(sku="NUT-8", name="Nut M8", price=0.1, stock=1200, bin=3))
        session.add(Part(sku="SAW-1", name="Hand saw", price=18.0, stock=4, bin=9))
        session.add(Supplier(name="Iron & Sons", region="north"))
        session.add(Supplier(name="Fixings Ltd", region="south"))
        session.commit()
    with raw() as con:
        con.execute(
            "CREATE TABLE IF NOT EXISTS watch (id INTEGER PRIMARY KEY, label TEXT, term TEXT)"
        )
        con.execute("INSERT INTO watch (label, term) VALUES ('first', 'bolt')")
