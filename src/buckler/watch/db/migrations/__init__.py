"""Makes and changes watch's tables, by Alembic, in revisions of its own.

Several processes may do it at once: on PostgreSQL each waits for a lock of the database, on SQLite for the write lock
of the file, and then finds nothing left to do. All of it is one transaction: it is done, or nothing is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext

from buckler.watch.db.database import Database

FOLDER: Final = Path(__file__).parent
VERSION_TABLE: Final = "watch_alembic_version"


def upgrade(database: Database, to: str = "head") -> None:
    """Bring the tables to a revision.

    Args:
        database: Where they are.
        to: Revision.
    """
    _run(database, to, down=False)


def downgrade(database: Database, to: str = "base") -> None:
    """Take the tables back to an earlier revision; at ``base`` none is left, nor anything that was in them."""
    _run(database, to, down=True)


def current(database: Database) -> str | None:
    """The revision of the tables; None where there are none."""
    with database.read() as connection:
        options = {"version_table": VERSION_TABLE}
        return MigrationContext.configure(connection, opts=options).get_current_revision()


def _run(database: Database, to: str, *, down: bool) -> None:
    with database.alone("migrations"), database.write() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
        (command.downgrade if down else command.upgrade)(config, to)
