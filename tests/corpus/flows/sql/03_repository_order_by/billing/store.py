from sqlalchemy import create_engine, text


class InvoiceRepository:
    def __init__(self, url: str) -> None:
        self.engine = create_engine(url)
        with self.engine.begin() as connection:
            connection.execute(text("CREATE TABLE IF NOT EXISTS invoices (id INTEGER PRIMARY KEY, number TEXT, paid INT)"))

    def all(self, *, order: str, paid: bool | None) -> list[dict]:
        statement = "SELECT id, number, paid FROM invoices"
        values = {}
        if paid is not None:
            statement += " WHERE paid = :paid"
            values["paid"] = paid
        statement += " ORDER BY " + order
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(statement), values).mappings()]
