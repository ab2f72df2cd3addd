from fastapi import Depends, FastAPI, HTTPException

from billing.columns import column_for
from billing.store import InvoiceStore

app = FastAPI()


def store() -> InvoiceStore:
    return InvoiceStore()


@app.get("/invoices")
def invoices(sort: str = "number", descending: bool = False, invoices: InvoiceStore = Depends(store)):
    try:
        column = column_for(sort)
    except KeyError:
        raise HTTPException(400, "unknown column") from None
    direction = "DESC" if descending else "ASC"
    return invoices.sorted(f"{column} {direction}")
