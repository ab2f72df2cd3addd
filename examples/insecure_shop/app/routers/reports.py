"""Figures, and reports that customers make themselves."""

import ast
import base64
import io
import pickle
import secrets
import subprocess
import xml.etree.ElementTree as ElementTree
import xml.sax
from typing import Annotated, Any
from xml.sax.handler import ContentHandler, feature_external_ges

from fastapi import APIRouter, Depends, HTTPException, Query, Security
from fastapi.security import APIKeyQuery, HTTPBasic, HTTPBasicCredentials
from jinja2 import Template
from pydantic import BaseModel, Field
from sqlalchemy import func, select

from app.config import settings
from app.db import SessionDep
from app.deps import Admin, CurrentUser
from app.models import Order, Product, User
from app.schemas import Answer

router = APIRouter(prefix="/reports", tags=["reports"])
feed_scheme = APIKeyQuery(name="key")
basic_scheme = HTTPBasic()

DEFAULT_LAYOUT = pickle.dumps({"columns": ["id", "name"], "paper": "A4"})
CELLS = {"orders": 6, "revenue": 12_220}


class Letter(BaseModel):
    """A letter, with the fields that the shop fills in."""

    text: Annotated[str, Field(max_length=2000)] = "Dear {{ name }}"


class Formula(BaseModel):
    """A calculation over the cells of a report."""

    formula: Annotated[str, Field(max_length=200)] = "revenue / orders"
    constants: Annotated[str, Field(max_length=200)] = "{'vat': 19}"


class Saved(BaseModel):
    """A saved view, as the desktop program keeps it."""

    view: Annotated[str, Field(max_length=4000)] = ""


class Feed(BaseModel):
    """Products and their suppliers, as XML."""

    products: Annotated[str, Field(max_length=20_000)] = "<products/>"
    suppliers: Annotated[str, Field(max_length=20_000)] = "<suppliers/>"


class Names(ContentHandler):
    """Collects the text of a feed."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []

    def characters(self, content: str) -> None:
        """Keep a piece of text."""
        self.text.append(content)


def cells_with(constants: str) -> dict[str, Any]:
    """The cells of a report, and the customer's own constants."""
    own = ast.literal_eval(constants)
    return {**CELLS, **(own if isinstance(own, dict) else {})}


def count_suppliers(document: str) -> int:
    """How many suppliers a feed has."""
    return len(ElementTree.fromstring(document))


async def figures(name: str, session: SessionDep) -> dict[str, Any]:
    """The figures of a report."""
    if name == "audit":
        people = await session.execute(select(User.username, User.role).limit(100))
        return {row.username: row.role for row in people}
    table = Product if name == "stock" else Order
    return {"rows": await session.scalar(select(func.count()).select_from(table))}


@router.get("/feed")
def product_feed(key: Annotated[str, Security(feed_scheme)]) -> Answer:
    """The product feed of the price comparison sites."""
    if key == settings.feed_key:
        return Answer(data=CELLS)
    raise HTTPException(403, "Unknown key")


@router.get("/finance")
def finance(credentials: Annotated[HTTPBasicCredentials, Depends(basic_scheme)]) -> Answer:
    """Figures for the accountant."""
    given = credentials.password.encode()
    known = secrets.compare_digest(given, settings.finance_password.encode())
    if not known or credentials.username != "accountant":
        raise HTTPException(401, "Unknown", {"WWW-Authenticate": "Basic"})
    return Answer(data=CELLS)


@router.get("/disk")
def disk_use(user: CurrentUser, folder: Annotated[str, Query(max_length=200)] = "media") -> Answer:
    """The files that a report can draw on."""
    done = subprocess.run(
        f"ls {settings.media_dir}/{folder}",
        shell=True,
        capture_output=True,
        text=True,
        timeout=5,
    )
    return Answer(data=done.stdout.splitlines())


@router.post("/letter")
def render_letter(payload: Letter, user: CurrentUser) -> Answer:
    """Fill in a letter."""
    try:
        return Answer(detail=Template(payload.text).render(name=user.full_name))
    except Exception:
        raise HTTPException(400, "The letter cannot be filled in") from None


@router.post("/formula")
def calculate(payload: Formula, user: CurrentUser) -> Answer:
    """Calculate with the cells of a report."""
    try:
        return Answer(data=eval(payload.formula, {}, cells_with(payload.constants)))
    except Exception:
        raise HTTPException(400, "The formula is not valid") from None


@router.post("/view")
def load_view(payload: Saved, user: CurrentUser) -> Answer:
    """Open a saved view."""
    layout = pickle.loads(DEFAULT_LAYOUT)
    if payload.view:
        try:
            layout |= pickle.loads(base64.b64decode(payload.view))
        except Exception:
            raise HTTPException(400, "The view cannot be opened") from None
    return Answer(data=sorted(layout))


@router.post("/suppliers")
def read_feed(payload: Feed, user: CurrentUser) -> Answer:
    """Take over products and suppliers from a feed."""
    names = Names()
    parser = xml.sax.make_parser()
    parser.setFeature(feature_external_ges, True)
    parser.setContentHandler(names)
    try:
        parser.parse(io.BytesIO(payload.products.encode()))
        suppliers = count_suppliers(payload.suppliers)
    except (xml.sax.SAXException, ElementTree.ParseError, OSError):
        raise HTTPException(400, "The feed is not valid") from None
    return Answer(detail="".join(names.text), data={"suppliers": suppliers})


@router.get("/{name}")
async def read_report(name: str, user: CurrentUser, session: SessionDep) -> Answer:
    """The figures of one report."""
    return Answer(detail=name[:40], data=await figures(name, session))


@router.get("/audit")
async def read_audit(admin: Admin, session: SessionDep) -> Answer:
    """Who may do what."""
    return Answer(detail="audit", data=await figures("audit", session))
