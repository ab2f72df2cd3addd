from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl


class OrmModel(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Token(BaseModel):
    access_token: str
    token_type: str = "bearer"


class RegisterIn(BaseModel):
    email: str = Field(max_length=160, pattern=r"^[^@\s]+@[^@\s]+$", examples=["pia@mail.example"])
    full_name: str = Field(min_length=1, max_length=120)
    password: str = Field(min_length=12, max_length=128, examples=["seven-slow-snails"])


class ReaderOut(OrmModel):
    id: int
    email: str
    full_name: str
    is_manager: bool
    shelf_order: str


class PreferencesIn(BaseModel):
    shelf_order: str = Field(max_length=200, examples=["title"])


class BookOut(OrmModel):
    id: int
    isbn: str
    title: str
    author: str
    price_cents: int


class BookDetail(BookOut):
    blurb: str
    in_print: bool


class BrowseIn(BaseModel):
    authors: list[str] = Field(default_factory=list, max_length=20)
    max_price_cents: int = Field(default=100_000, ge=0)
    order_by: str = Field(default="title", max_length=120)
    direction: Literal["asc", "desc"] = "asc"


class PriceIn(BaseModel):
    price_cents: int = Field(ge=1, le=1_000_000)


class ReviewIn(BaseModel):
    stars: int = Field(ge=1, le=5)
    words: str = Field(min_length=1, max_length=2000)


class ReviewOut(OrmModel):
    id: int
    stars: int
    words: str


class PurchaseIn(BaseModel):
    book_id: int = Field(examples=[1])
    copies: int = Field(default=1, ge=1, le=50)
    ship_to: str = Field(min_length=5, max_length=240, examples=["4 Harbour Lane, Kiel"])


class PurchaseOut(OrmModel):
    id: int
    book_id: int
    copies: int
    total_cents: int
    ship_to: str
    status: str
    placed_at: datetime


class ImportIn(BaseModel):
    url: HttpUrl = Field(examples=["https://lists.lantern.example/summer.json"])


class ImportOut(BaseModel):
    status: int
    added: int
    head: str


class SalesRow(BaseModel):
    bucket: str
    purchases: int
    cents: int


class SalesOut(BaseModel):
    since: date
    rows: list[SalesRow]
