from string import Template

from sqlalchemy import text

from storage import engine, raw

PARTS = "SELECT sku, name, price FROM part ORDER BY %s LIMIT %d"
TOTALS = Template("SELECT count(*), sum(stock) FROM part WHERE site = '$site'")


def ordered_parts(sort: str, limit: int) -> list[dict]:
    statement = PARTS % (sort, limit)
    with raw() as con:
        return [dict(row) for row in con.execute(statement)]


def totals(site: str) -> dict:
    with engine.connect() as con:
        parts, stock = con.execute(text(TOTALS.substitute(site=site))).one()
    return {"site": site, "parts": parts, "stock": stock or 0}


def count_matching(con, term: str) -> int:
    cur = con.cursor()
    cur.execute(f"SELECT count(*) FROM part WHERE lower(name) LIKE '%{term}%'")
    return cur.fetchone()[0]
