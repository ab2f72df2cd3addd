from sqlalchemy import text

from .models import Report

COLUMNS = {"name": "name", "number": "id"}


def run(db, number: int) -> int:
    report = db.get(Report, number)
    column = COLUMNS.get(report.column, "id")
    return len(db.execute(text(f"SELECT {column} FROM report LIMIT 10")).all())
