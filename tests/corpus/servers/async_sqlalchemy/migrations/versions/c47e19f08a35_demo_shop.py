"""demo shop for the preview environments

Revision ID: c47e19f08a35
Revises: 8b92d5e610fa
"""

import sqlalchemy as sa
from alembic import op

revision = "c47e19f08a35"
down_revision = "8b92d5e610fa"
branch_labels = None
depends_on = None

readers = sa.table(
    "readers",
    sa.column("email", sa.String),
    sa.column("full_name", sa.String),
    sa.column("password_hash", sa.String),
    sa.column("is_manager", sa.Boolean),
)
books = sa.table(
    "books",
    sa.column("isbn", sa.String),
    sa.column("title", sa.String),
    sa.column("author", sa.String),
    sa.column("blurb", sa.Text),
    sa.column("price_cents", sa.Integer),
)

READERS = [
    {
        "email": "mira@lantern.example",
        "full_name": "Mira Holm",
        "password_hash": "8f057ce243bdab230cde10b6c0d6073b$"
        "cfc61b8fbe8ef12916a52aebf58266f21807ffbd3e501ea78facc3456c2df9e9"
        "b010782857fb5d2e31edf861055eef5dcedeb9192c9d7e6bbe58e78b1a4fc531",
        "is_manager": False,
    },
    {
        "email": "jonas@lantern.example",
        "full_name": "Jonas Weck",
        "password_hash": "6ac140eca1dd9c486cf4e22d412f474d$"
        "f8717e35d5516e10f2a387f3f088d288b03e37e8297d225cccd6c2f1079726a2"
        "69dec4da3dde1be20f50fe6bc95477f4db5d2a264ca62f038f1885ae63e3655c",
        "is_manager": False,
    },
    {
        "email": "office@lantern.example",
        "full_name": "Back Office",
        "password_hash": "31f8a689e71ad458070d7e646d9e192a$"
        "09bef0c52f9e4f51d3b67d8adb60343d3be67872e7470a7f16e35041a95795ca"
        "6eba0b82187643549df57832b99eacb7f5a22a3ef8e5d197ccfa6d4d3904379d",
        "is_manager": True,
    },
]

BOOKS = [
    ("978-0-00-100001-1", "The Salt Road", "Ines Varga", "A walk along the sea wall.", 1890),
    ("978-0-00-100002-8", "Night Ferry", "Tom Aldous", "Nine hours, one cabin.", 1450),
    ("978-0-00-100003-5", "Bread in Winter", "Ines Varga", "Forty loaves.", 2490),
    ("978-0-00-100004-2", "Small Engines", "Kofi Mensah", "Repairs for patient people.", 3200),
]


def upgrade() -> None:
    op.bulk_insert(readers, READERS)
    names = ("isbn", "title", "author", "blurb", "price_cents")
    op.bulk_insert(books, [dict(zip(names, row, strict=True)) for row in BOOKS])
    op.execute(
        """
        INSERT INTO purchases (reader_id, book_id, copies, total_cents, ship_to)
        SELECT r.id, b.id, 1, b.price_cents, r.full_name || ', 12 Quay Street, Bremen'
        FROM readers r JOIN books b ON b.title IN ('The Salt Road', 'Night Ferry')
        WHERE NOT r.is_manager
        """
    )
    op.execute(
        """
        INSERT INTO wishlist_entries (reader_id, book_id)
        SELECT r.id, b.id FROM readers r CROSS JOIN books b WHERE NOT r.is_manager
        """
    )


def downgrade() -> None:
    op.execute("DELETE FROM readers WHERE email LIKE '%@lantern.example'")
