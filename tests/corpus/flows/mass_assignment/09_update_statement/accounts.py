from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, insert, select, update

engine = create_engine("sqlite:///bank.db")
metadata = MetaData()
accounts = Table(
    "accounts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("city", String(80)),
    Column("credit", Integer, default=0),
)
metadata.create_all(engine)
with engine.begin() as setup:
    setup.execute(insert(accounts).values(city="x"))


def change(number: int, **values: str) -> dict:
    with engine.begin() as connection:
        connection.execute(update(accounts).where(accounts.c.id == number).values(**values))
        row = connection.execute(select(accounts).where(accounts.c.id == number)).mappings().one()
        return dict(row)
