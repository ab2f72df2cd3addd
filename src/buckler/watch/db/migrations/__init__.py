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
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from buckler.watch.db.database import Database
from buckler.watch.errors import RefusedError

FOLDER: Final = Path(__file__).parent
VERSION_TABLE: Final = "watch_alembic_version"


def upgrade(database: Database, to: str = "head") -> None:
    """Bring the tables to a revision.

    Args:
        database: Where they are.
        to: Revision.

    Raises:
        RefusedError: They are of a later version of Buckler.
    """
    _run(database, to, down=False)


def downgrade(database: Database, to: str = "base") -> None:
    """Take the tables back to an earlier revision; at ``base`` none is left, nor anything that was in them."""
    _run(database, to, down=True)


def current(database: Database) -> str | None:
    """The revision of the tables; None where there are none."""
    with database.read() as connection:
        return _revision(connection)


def check(revision: str, folder: Path = FOLDER) -> None:
    """Look whether a revision is one of those that are known here.

    Args:
        revision: Of tables that somebody made.
        folder: Of the migrations.

    Raises:
        RefusedError: It is none, so that a later version of Buckler has made them.
    """
    scripts = ScriptDirectory(str(folder)).walk_revisions()
    if revision not in {script.revision for script in scripts}:
        raise RefusedError(
            f"the tables are of a later version of Buckler ({revision[:40]!r} is not known here)",
            hint="take that version, or a back-up that was made before it",
        )


def _revision(connection: Connection) -> str | None:
    options = {"version_table": VERSION_TABLE}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def _run(database: Database, to: str, *, down: bool) -> None:
    with database.alone("migrations"), database.write() as connection:
        if (found := _revision(connection)) is not None:
            check(found)
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
        (command.downgrade if down else command.upgrade)(config, to)
