import sqlite3


class InvoiceStore:
    def __init__(self) -> None:
        self._db = sqlite3.connect("invoices.db", check_same_thread=False)
        self._db.execute("CREATE TABLE IF NOT EXISTS invoices (id INTEGER, number TEXT, total REAL)")

    def sorted(self, order: str):
        return self._db.execute("SELECT id, number, total FROM invoices ORDER BY " + order).fetchall()
