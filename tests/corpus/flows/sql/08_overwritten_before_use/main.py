import logging
import sqlite3

from fastapi import FastAPI

logger = logging.getLogger("audit")
app = FastAPI()
db = sqlite3.connect("audit.db", check_same_thread=False)
db.execute("CREATE TABLE IF NOT EXISTS audit (id INTEGER PRIMARY KEY, level TEXT, message TEXT)")


@app.get("/audit")
def audit(level: str = "info"):
    requested = level
    level = "info"
    if requested == "debug":
        level = "debug"
    logger.info("audit asked for %r", requested)
    cursor = db.cursor()
    cursor.execute("SELECT message FROM audit WHERE level = '" + level + "'")
    return [message for (message,) in cursor.fetchall()]
