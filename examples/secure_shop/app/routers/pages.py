"""The pages of the shop."""

from typing import Annotated

from buckler.guard import EventKind, Principal, public, requires
from buckler.guard.validate import Onward
from fastapi import APIRouter, Form, HTTPException, Query, Request, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, FileSystemLoader
from sqlalchemy import select

from app.application import guard
from app.config import APP_DIR
from app.db import SessionDep
from app.deps import CurrentUser, ObjectId
from app.models import Product, Review
from app.schemas import Short

router = APIRouter(prefix="/shop", tags=["pages"])
templates = Jinja2Templates(
    env=Environment(loader=FileSystemLoader(APP_DIR / "templates"), autoescape=True)
)

ACCOUNT = "/shop/account"

Words = Annotated[str, Query(max_length=100)]
LocalPath = Annotated[str, Query(), Onward(max_length=100)]


@router.get("/", response_class=HTMLResponse, dependencies=[public])
async def home(request: Request, session: SessionDep) -> Response:
    """The front page."""
    products = list(await session.scalars(select(Product).where(Product.featured).limit(12)))
    return templates.TemplateResponse(request, "home.html", {"products": products})


@router.get("/search", response_class=HTMLResponse, dependencies=[public])
async def search_page(request: Request, session: SessionDep, q: Words = "") -> Response:
    """The page of search results."""
    wanted = select(Product).where(Product.name.icontains(q, autoescape=True)).limit(20)
    values = {"q": q, "products": list(await session.scalars(wanted))}
    return templates.TemplateResponse(request, "search.html", values)


@router.get("/products/{product_id}", response_class=HTMLResponse, dependencies=[public])
async def product_page(product_id: ObjectId, request: Request, session: SessionDep) -> Response:
    """The page of one product, with its reviews."""
    product = await session.get(Product, product_id)
    if product is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "No such product")
    wanted = select(Review).where(Review.product_id == product_id)
    reviews = list(await session.scalars(wanted.order_by(Review.id.desc()).limit(20)))
    values = {"product": product, "reviews": reviews}
    return templates.TemplateResponse(request, "product.html", values)


@router.get("/go", dependencies=[public])
async def go_to(to: LocalPath = "/shop/") -> RedirectResponse:
    """Go on to another page of the shop."""
    return RedirectResponse(to, status_code=303)


@router.get("/account", response_class=HTMLResponse)
async def account_page(request: Request, user: CurrentUser) -> Response:
    """The page of the own account."""
    return templates.TemplateResponse(request, "account.html", {"user": user})


@router.post("/account/name")
async def change_name(
    user: CurrentUser, session: SessionDep, full_name: Annotated[Short, Form()]
) -> RedirectResponse:
    """Change the name."""
    user.full_name = full_name
    await session.commit()
    return RedirectResponse(ACCOUNT, status_code=303)


@router.post("/sign-out")
async def sign_out(
    request: Request, me: Annotated[Principal, requires(schemes=["session"])]
) -> RedirectResponse:
    """End the session."""
    identities = guard.identities
    await identities.sessions.revoke(me.id, me.credential)
    identities.tell_request(request, EventKind.SIGNED_OUT, "session", "Signed out")
    response = RedirectResponse("/shop/", status_code=303)
    response.headers.append("Set-Cookie", identities.sessions.clear_cookie())
    return response
