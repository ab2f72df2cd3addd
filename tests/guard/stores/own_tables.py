"""Accounts in tables of applications' own, each of another make."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from sqlalchemy import (
    Column,
    DateTime,
    Double,
    Index,
    String,
    Table,
    Uuid,
    func,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from buckler.guard import SqlUsers


class Base(DeclarativeBase):
    """Of the models."""


class Numbered(Base):
    """Numbers as ids, an inverted flag, all else in our table."""

    __tablename__ = "numbered"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    is_active: Mapped[bool] = mapped_column(default=True)
    is_superuser: Mapped[bool]


class Named(Base):
    """UUIDs as ids, every column there, moments with a zone."""

    __tablename__ = "named"
    key: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    login: Mapped[str] = mapped_column("login_name", unique=True)
    secret: Mapped[str | None]
    confirmed: Mapped[bool | None]
    blocked: Mapped[bool | None]
    since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    made: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), default=lambda: datetime.now(UTC)
    )


METADATA = Base.metadata
LETTERED = Table(
    "lettered",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("password", String(200)),
    Column("valid_from", Double),
    Column("created", DateTime),
)
Index("one_name", func.lower(LETTERED.c.name), unique=True)

OWN = {
    "numbered": SqlUsers(
        Numbered,
        id=Numbered.id,
        name=Numbered.email,
        password=Numbered.password_hash,
        active=Numbered.is_active,
        defaults={"is_superuser": False},
    ),
    "named": SqlUsers(
        Named,
        id=Named.key,
        name=Named.login,
        password=Named.secret,
        verified=Named.confirmed,
        disabled=Named.blocked,
        valid_from=Named.since,
        created=Named.made,
    ),
    "lettered": SqlUsers(
        LETTERED,
        id=LETTERED.c.id,
        name=LETTERED.c.name,
        password=LETTERED.c.password,
        valid_from=LETTERED.c.valid_from,
        created=LETTERED.c.created,
    ),
}
