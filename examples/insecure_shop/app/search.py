"""What the catalogue can be asked for."""

from typing import Annotated, Literal

from fastapi import Depends, Query

from app.db import SessionDep
from app.queries import ProductFilter, find_products

SORTS = {"name": "name", "price": "price_cents", "newest": "id"}


def product_filter(
    q: Annotated[str, Query(max_length=200)] = "",
    sort: Annotated[str, Query(max_length=20)] = "name",
    order: Literal["asc", "desc"] = "asc",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> ProductFilter:
    """The filter of a catalogue request."""
    return ProductFilter(q.strip(), SORTS.get(sort, "name"), order == "desc", limit)


async def product_rows(
    session: SessionDep, wanted: Annotated[ProductFilter, Depends(product_filter)]
) -> list[dict[str, object]]:
    """The products a request asks for."""
    return await find_products(session, wanted)
