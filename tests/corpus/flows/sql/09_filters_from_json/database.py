import sqlite3
from contextlib import contextmanager


class Session:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def run(self, statement: str, values: list):
        return self.connection.execute(statement, values).fetchall()


@contextmanager
def session_scope():
    connection = sqlite3.connect("customers.db")
    connection.execute("CREATE TABLE IF NOT EXISTS customers (id INTEGER PRIMARY KEY, city TEXT)")
    try:
        yield Session(connection)
    finally:
        connection.close()
