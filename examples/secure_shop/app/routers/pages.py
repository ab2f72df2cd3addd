"""The pages of the shop."""

import hmac
from typing import Annotated

from buckler.guard import EventKind
from buckler.guard.validate import Onward
from fastapi import APIRouter, Form, HTTPException, Query, Request, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader
from sqlalchemy import select

from app.audit import tell
from app.config import APP_DIR
from app.db import SessionDep
from app.deps import COOKIE, ObjectId, PageUser, SessionCookie
from app.models import Product, Review
from app.schemas import Short
from app.security import form_token, read_token, revoked

router = APIRouter(prefix="/shop", tags=["pages"])
templates = Jinja2Templates(
    env=Environment(loader=FileSystemLoader(APP_DIR / "templates"), autoescape=True)
)

ACCOUNT = "/shop/account"

Words = Annotated[str, Query(max_length=100)]
LocalPath = Annotated[str, Query(), Onward(max_length=100)]
FormToken = Annotated[str, Form(max_length=64)]


def check_form(token: str, session_token: str) -> None:
    """Raise 403 for a form that this session was not shown."""
    expected = form_token(session_token)
    if not hmac.compare_digest(token.encode(), expected.encode()):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "Open the page again")


@router.get("/", response_class=HTMLResponse)
async def home(request: Request, session: SessionDep) -> Response:
    """The front page."""
    products = list(await session.scalars(select(Product).where(Product.featured).limit(12)))
    return templates.TemplateResponse(request, "home.html", {"products": products})


@router.get("/search", response_class=HTMLResponse)
async def search_page(request: Request, session: SessionDep, q: Words = "") -> Response:
    """The page of search results."""
    wanted = select(Product).where(Product.name.icontains(q, autoescape=True)).limit(20)
    values = {"q": q, "products": list(await session.scalars(wanted))}
    return templates.TemplateResponse(request, "search.html", values)


@router.get("/products/{product_id}", response_class=HTMLResponse)
async def product_page(product_id: ObjectId, request: Request, session: SessionDep) -> Response:
    """The page of one product, with its reviews."""
    product = await session.get(Product, product_id)
    if product is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "No such product")
    wanted = select(Review).where(Review.product_id == product_id)
    reviews = list(await session.scalars(wanted.order_by(Review.id.desc()).limit(20)))
    values = {"product": product, "reviews": reviews}
    return templates.TemplateResponse(request, "product.html", values)


@router.get("/go")
async def go_to(to: LocalPath = "/shop/") -> RedirectResponse:
    """Go on to another page of the shop."""
    return RedirectResponse(to, status_code=303)


@router.get("/account", response_class=HTMLResponse)
async def account_page(request: Request, user: PageUser, cookie: SessionCookie = "") -> Response:
    """The page of the own account."""
    values = {"user": user, "form_token": form_token(cookie)}
    return templates.TemplateResponse(request, "account.html", values)


@router.post("/account/name")
async def change_name(
    user: PageUser,
    session: SessionDep,
    full_name: Annotated[Short, Form()],
    token: FormToken = "",
    cookie: SessionCookie = "",
) -> RedirectResponse:
    """Change the name."""
    check_form(token, cookie)
    user.full_name = full_name
    await session.commit()
    return RedirectResponse(ACCOUNT, status_code=303)


@router.post("/sign-out")
async def sign_out(
    request: Request, user: PageUser, token: FormToken = "", cookie: SessionCookie = ""
) -> RedirectResponse:
    """End the session."""
    check_form(token, cookie)
    revoked.add(read_token(cookie))
    tell(EventKind.SIGNED_OUT, request, principal=user.username)
    response = RedirectResponse("/shop/", status_code=303)
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return response
