import hashlib
import secrets
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

FILE = Path(__file__).with_name("savers.db")
engine = create_engine(f"sqlite:///{FILE}", connect_args={"check_same_thread": False})


class Base(DeclarativeBase):
    pass


class Saver(Base):
    __tablename__ = "saver"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    password_hash: Mapped[str]


def session():
    with Session(engine) as db:
        yield db


def prepare() -> None:
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with Session(engine) as db:
        for name in ("ada", "ben"):
            salt = secrets.token_bytes(16)
            key = hashlib.scrypt(secrets.token_bytes(12), salt=salt, n=2**14, r=8, p=5)
            db.add(Saver(name=name, password_hash=f"{salt.hex()}${key.hex()}"))
        db.commit()
