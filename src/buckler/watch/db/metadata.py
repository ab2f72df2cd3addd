"""The tables' common ground: their prefix, and the names of what belongs to them."""

from __future__ import annotations

import uuid
from typing import Final

from sqlalchemy import MetaData

PREFIX: Final = "watch_"
METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def new_id() -> str:
    """An id that nobody guesses, and that tells nobody how many there are (CWE-340)."""
    return uuid.uuid4().hex
