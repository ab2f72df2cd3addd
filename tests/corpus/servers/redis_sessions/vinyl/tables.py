from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    func,
    select,
)

from vinyl.config import settings
from vinyl.passwords import new_salt, stretch

engine = create_engine(settings.database_url, connect_args={"check_same_thread": False})
metadata = MetaData()

listener = Table(
    "listener",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(40), unique=True, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("stretched", LargeBinary, nullable=False),
    Column("behind_counter", Boolean, nullable=False, default=False),
)

record = Table(
    "record",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("artist", String(120), nullable=False),
    Column("title", String(120), nullable=False),
    Column("shelf", String(40), nullable=False),
    Column("pressed", Integer, nullable=False),
    Column("price", Float, nullable=False),
)

sale = Table(
    "sale",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("listener_id", ForeignKey("listener.id"), nullable=False),
    Column("record_id", ForeignKey("record.id"), nullable=False),
    Column("send_to", String(200), nullable=False),
    Column("state", String(20), nullable=False, default="paid"),
    Column("sold_at", DateTime, server_default=func.now()),
)

opinion = Table(
    "opinion",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("record_id", ForeignKey("record.id"), nullable=False),
    Column("listener_id", ForeignKey("listener.id"), nullable=False),
    Column("stars", Integer, nullable=False),
    Column("words", Text, nullable=False),
)

LISTENERS = [
    ("nina", "little-girl-blue", False),
    ("chet", "almost-blue-1978", False),
    ("counter", "needle-on-groove", True),
]

RECORDS = [
    ("Ada Lowell", "Blue Hour", "jazz", 1958, 34.0),
    ("The Tin Sparrows", "Gutter Hymns", "folk", 1971, 18.5),
    ("Moses & the Reeds", "Sugar Lane", "soul", 1967, 27.0),
    ("Orla Fenn", "Static Garden", "electronic", 1983, 22.0),
]


def set_up() -> None:
    metadata.create_all(engine)
    with engine.begin() as con:
        if con.scalar(select(func.count()).select_from(listener)):
            return
        for name, password, behind_counter in LISTENERS:
            salt = new_salt()
            con.execute(
                listener.insert().values(
                    name=name,
                    salt=salt,
                    stretched=stretch(password, salt),
                    behind_counter=behind_counter,
                )
            )
        names = ("artist", "title", "shelf", "pressed", "price")
        con.execute(record.insert(), [dict(zip(names, row, strict=True)) for row in RECORDS])
        con.execute(
            sale.insert(),
            [
                {"listener_id": 1, "record_id": 1, "send_to": "Nina, 3 Elm Row"},
                {"listener_id": 2, "record_id": 2, "send_to": "Chet, 88 Pier Road"},
            ],
        )
