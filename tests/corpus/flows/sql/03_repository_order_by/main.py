from typing import Annotated

from fastapi import Depends, FastAPI, Query
from pydantic import BaseModel

from billing import InvoiceRepository

app = FastAPI()


class Listing(BaseModel):
    sort: str = "number"
    paid: bool | None = None


def repository() -> InvoiceRepository:
    return InvoiceRepository("sqlite:///invoices.db")


Invoices = Annotated[InvoiceRepository, Depends(repository)]


@app.get("/invoices")
def invoices(listing: Annotated[Listing, Query()], store: Invoices):
    return store.all(order=listing.sort, paid=listing.paid)
