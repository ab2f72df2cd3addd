import csv
import io
import urllib.error
import urllib.request
from html import escape
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import HTMLResponse

from app import crud
from app.deps import CurrentCustomer, SessionDep
from app.models import PriceListSource, Tasting, TastingCreate, Tea, TeaPublic

router = APIRouter(prefix="/teas", tags=["teas"])


@router.get("/", response_model=list[TeaPublic])
def read_teas(
    session: SessionDep,
    sort_by: str = "name",
    direction: Annotated[str, Query(pattern="^(asc|desc)$")] = "asc",
    skip: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
):
    return crud.list_teas(session, sort_by, direction, skip, limit)


@router.get("/search", response_model=list[TeaPublic])
def search(
    session: SessionDep, q: str = "", limit: Annotated[int, Query(ge=1, le=50)] = 20
):
    return crud.search_teas(session, q, limit)


@router.get("/origin/{origin}")
def read_origin(session: SessionDep, origin: str) -> list[dict]:
    return crud.teas_of_origin(session, origin)


@router.post("/compare-prices")
def compare_prices(source: PriceListSource, session: SessionDep, _: CurrentCustomer) -> dict:
    request = urllib.request.Request(source.address, headers={"User-Agent": "leaf-and-kettle"})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            content = answer.read(200_000).decode("utf-8", "replace")
    except (urllib.error.URLError, ValueError, OSError):
        raise HTTPException(status_code=422, detail="This price list cannot be read")
    rows = [row for row in csv.reader(io.StringIO(content)) if row]
    names = {row[0] for row in rows}
    known = [tea for name in sorted(names) for tea in crud.search_teas(session, name, 1)]
    return {"rows": rows[:20], "known": [tea.name for tea in known]}


@router.get("/{tea_id}", response_model=TeaPublic)
def read_tea(tea_id: int, session: SessionDep):
    tea = session.get(Tea, tea_id)
    if not tea:
        raise HTTPException(status_code=404, detail="Tea not found")
    return tea


@router.post("/{tea_id}/tastings", response_model=Tasting, status_code=201)
def add_tasting(
    tea_id: int, data: TastingCreate, session: SessionDep, customer: CurrentCustomer
):
    if not session.get(Tea, tea_id):
        raise HTTPException(status_code=404, detail="Tea not found")
    tasting = Tasting.model_validate(data, update={"tea_id": tea_id, "customer_id": customer.id})
    session.add(tasting)
    session.commit()
    session.refresh(tasting)
    return tasting


@router.get("/{tea_id}/card", response_class=HTMLResponse)
def tea_card(tea_id: int, session: SessionDep):
    tea = session.get(Tea, tea_id)
    if not tea:
        return HTMLResponse("<p>No such tea</p>", status_code=404)
    rows = "".join(f"<li>{t.score}/10 {t.notes}</li>" for t in crud.tastings_of(session, tea_id))
    return HTMLResponse(f"<h1>{escape(tea.name)}</h1><ol>{rows}</ol>")


@router.get("/{tea_id}/label", response_class=HTMLResponse)
def tea_label(tea_id: int, session: SessionDep, lot: str = "A1"):
    tea = session.get(Tea, tea_id)
    if not tea:
        return HTMLResponse("<p>No such tea</p>", status_code=404)
    return HTMLResponse(
        f"<h1>{escape(tea.name)}</h1><p>{tea.grams} g, lot <b>{escape(lot)}</b></p>"
    )
