_COLUMNS = {"number": "invoices.number", "newest": "invoices.id", "total": "invoices.total"}


def column_for(name: str) -> str:
    return _COLUMNS[name]
