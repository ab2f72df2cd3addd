from sqlalchemy import text

from .models import Report


def run(db, number: int) -> int:
    report = db.get(Report, number)
    statement = text(f"SELECT {report.column} FROM report LIMIT 10")
    return len(db.execute(statement).all())
