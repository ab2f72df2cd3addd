"""What the interface takes and gives. Whatever is taken has a bound, and nothing extra."""

from datetime import datetime
from typing import Annotated, Literal

from buckler.guard import StrictModel
from buckler.guard.validate import Text
from pydantic import BaseModel, ConfigDict, Field

Short = Annotated[str, Text(min_length=1, max_length=100, lines=False)]


class Output(BaseModel):
    """Base of whatever is given: only the fields that are named here."""

    model_config = ConfigDict(from_attributes=True)


class NameChange(StrictModel):
    """A new name."""

    full_name: Short


class AddressIn(StrictModel):
    """A postal address."""

    street: Short = "1 Orchard Lane"
    city: Short = "Applewick"


class OrderIn(StrictModel):
    """What to buy."""

    product_id: Annotated[int, Field(ge=1, le=2**31 - 1)] = 1
    quantity: Annotated[int, Field(ge=1, le=99)] = 1
    note: Annotated[str, Text(max_length=500)] = ""


class LabelJob(StrictModel):
    """A label for a parcel that goes back."""

    title: Short = "Parcel"
    printer: Literal["packing-1", "packing-2"] = "packing-1"


class ReviewIn(StrictModel):
    """What a customer thinks of a product."""

    rating: Annotated[int, Field(ge=1, le=5)] = 5
    body: Annotated[str, Text(min_length=1, max_length=2000)]


class TicketIn(StrictModel):
    """A question to customer service."""

    subject: Short
    body: Annotated[str, Text(max_length=4000)] = ""


class Link(StrictModel):
    """A picture on one of our picture hosts."""

    url: Annotated[str, Text(min_length=8, max_length=500, lines=False)]


class PriceChange(StrictModel):
    """A new price."""

    price_cents: Annotated[int, Field(ge=1, le=10_000_000)] = 990


class PaymentEvent(StrictModel):
    """The bank says that an order is paid."""

    order_id: Annotated[int, Field(ge=1, le=2**31 - 1)]


class Done(Output):
    """A plain answer."""

    detail: str


class Found(Output):
    """Whether something is there."""

    found: bool


class UserOut(Output):
    """An account, for its owner and for administrators."""

    id: int
    email: str
    full_name: str


class AddressOut(Output):
    """A stored postal address."""

    id: int
    street: str
    city: str


class ProductOut(Output):
    """A product."""

    id: int
    name: str
    category: str
    price_cents: int
    stock: int


class OrderOut(Output):
    """One order."""

    id: int
    product_id: int
    quantity: int
    total_cents: int
    status: str
    note: str
    created_at: datetime


class ReviewOut(Output):
    """A stored review."""

    id: int
    rating: int
    body: str


class TicketOut(Output):
    """A stored ticket."""

    id: int
    subject: str
    body: str


class UploadOut(Output):
    """A stored file."""

    id: str
    media_type: str


class SalesOut(Output):
    """Sales of one category."""

    category: str
    orders: int
    cents: int
