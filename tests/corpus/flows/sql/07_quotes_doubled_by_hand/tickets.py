import sqlite3

db = sqlite3.connect("tickets.db", check_same_thread=False)
db.execute("CREATE TABLE IF NOT EXISTS tickets (id INTEGER PRIMARY KEY, project INTEGER, subject TEXT)")


def quoted(value: str) -> str:
    return value.replace("'", "''")


def load(project: str):
    sql = "SELECT id, subject FROM tickets WHERE project = %s" % quoted(project)
    return [{"id": row[0], "subject": row[1]} for row in db.execute(sql)]
