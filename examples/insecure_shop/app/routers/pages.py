"""The pages of the shop."""

import hmac
import html
import secrets
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader
from sqlalchemy import select
from sqlmodel import col

from app.config import APP_DIR
from app.db import SessionDep
from app.deps import PageUser
from app.models import Product, Review

router = APIRouter(prefix="/shop", tags=["pages"])
templates = Jinja2Templates(directory=APP_DIR / "templates")
cards = Environment(loader=FileSystemLoader(APP_DIR / "templates" / "cards"))

POLICY = "default-src * 'unsafe-inline' 'unsafe-eval'"

Short = Annotated[str, Query(max_length=200)]


@router.get("/", response_class=HTMLResponse)
async def home(request: Request, session: SessionDep, greeting: Short = "Good day") -> Response:
    """The front page."""
    products = list(await session.scalars(select(Product).limit(12)))
    page = templates.TemplateResponse(
        request, "home.html", {"products": products, "greeting": greeting}
    )
    page.headers["Content-Security-Policy"] = POLICY
    return page


def place_line(place: str) -> str:
    """Where the visitor searched, as HTML."""
    return f"<p>You searched in {html.escape(place)}, nothing found.</p>"


@router.get("/search", response_class=HTMLResponse)
async def search_page(q: Short = "", place: Short = "the shop") -> HTMLResponse:
    """The page of search results."""
    return HTMLResponse(f"<h1>Results for {q}</h1>{place_line(place)}")


@router.get("/products/{product_id}", response_class=HTMLResponse)
async def product_page(product_id: int, request: Request, session: SessionDep) -> Response:
    """The page of one product, with its reviews."""
    product = await session.get(Product, product_id)
    if product is None:
        raise HTTPException(404, "No such product")
    found = await session.scalars(
        select(Review)
        .where(col(Review.product_id) == product_id)
        .order_by(col(Review.id).desc())
        .limit(20)
    )
    values = {"product": product, "reviews": list(found)}
    return templates.TemplateResponse(request, "product.html", values)


@router.get("/receipt", response_class=HTMLResponse)
async def receipt_page(request: Request, user: PageUser, note: Short = "Thank you") -> Response:
    """A receipt to print."""
    values = {"name": user.full_name, "note": note}
    return templates.TemplateResponse(request, "receipt.html.j2", values)


@router.get("/gift-card", response_class=HTMLResponse)
async def gift_card_page(to: Short = "a friend", euros: int = 20) -> HTMLResponse:
    """A gift card to print."""
    page = cards.get_template("gift_card.html").render(to=to, euros=euros)
    return HTMLResponse(page)


@router.get("/account", response_class=HTMLResponse)
async def account_page(request: Request, user: PageUser) -> Response:
    """The page of the own account."""
    token = request.session.setdefault("form_token", secrets.token_urlsafe(24))
    values = {"user": user, "form_token": token}
    return templates.TemplateResponse(request, "account.html", values)


@router.post("/account/email")
async def change_email(
    user: PageUser, session: SessionDep, email: Annotated[str, Form(max_length=200)]
) -> RedirectResponse:
    """Change the mail address."""
    user.email = email
    await session.commit()
    return RedirectResponse("/shop/account", status_code=303)


@router.post("/account/name")
async def change_name(
    request: Request,
    user: PageUser,
    session: SessionDep,
    full_name: Annotated[str, Form(max_length=200)],
    form_token: Annotated[str, Form(max_length=100)] = "",
) -> RedirectResponse:
    """Change the name."""
    expected = request.session.get("form_token", "")
    if not expected or not hmac.compare_digest(form_token.encode(), expected.encode()):
        raise HTTPException(403, "Open the page again")
    user.full_name = full_name
    await session.commit()
    return RedirectResponse("/shop/account", status_code=303)
