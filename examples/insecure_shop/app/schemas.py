"""What the interface takes and gives."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

ADDRESS = re.compile(r"^([a-z0-9]+[._-]?)+@([a-z0-9]+[.-]?)+\.[a-z]{2,}$", re.I)
POSTCODE = re.compile(r"^[A-Z]{2}[0-9]{1,2} ?[0-9][A-Z]{2}$")

Name = Annotated[str, Field(min_length=1, max_length=200)]
NewPassword = Annotated[str, Field(min_length=12, max_length=128)]


class SignUp(BaseModel):
    """A new customer."""

    username: Annotated[str, Field(min_length=3, max_length=60)]
    email: Annotated[str, Field(max_length=200)]
    full_name: Annotated[str, Field(max_length=200)] = ""
    password: str


class Forgotten(BaseModel):
    """Who forgot a password."""

    email: Annotated[str, Field(max_length=200)]


class Reset(BaseModel):
    """A new password, and the code that was sent by mail."""

    code: Annotated[str, Field(max_length=40)]
    new_password: NewPassword


class StaffSignIn(BaseModel):
    """A till's sign-in."""

    number: Annotated[str, Field(max_length=20)]
    pin: Annotated[str, Field(min_length=6, max_length=12)]


class WholesaleSignUp(BaseModel):
    """A trade customer's application."""

    company: Name
    email: Annotated[str, Field(max_length=200)]
    password: NewPassword


class Token(BaseModel):
    """An access token."""

    access_token: str
    token_type: str = "bearer"


class Device(BaseModel):
    """A phone or tablet."""

    name: Annotated[str, Field(max_length=60)] = "phone"


class UserPublic(BaseModel):
    """What a customer sees of the own account."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    username: str
    email: str
    full_name: str
    points: int


class UserRecord(UserPublic):
    """What the back office sees of an account."""

    role: str
    password_hash: str


class ProfileChange(BaseModel):
    """Changes to the own account; the app sends what it knows."""

    model_config = ConfigDict(extra="allow")

    full_name: Annotated[str, Field(max_length=200)] = ""
    email: Annotated[str, Field(max_length=200)] = ""


class AddressIn(BaseModel):
    """A postal address."""

    model_config = ConfigDict(from_attributes=True)

    street: Name = "1 Orchard Lane"
    city: Annotated[str, Field(max_length=100)] = "Applewick"
    postcode: Annotated[str, Field(max_length=20)] = "AW1 4TR"

    @field_validator("postcode")
    @classmethod
    def tidy_postcode(cls, value: str) -> str:
        """Postcodes in capitals, where they look like ours."""
        upper = value.strip().upper()
        return upper if POSTCODE.match(upper) else value.strip()


class AddressOut(AddressIn):
    """A stored postal address."""

    id: int


class OrderIn(BaseModel):
    """What to buy."""

    product_id: Annotated[int, Field(ge=1)] = 1
    quantity: Annotated[int, Field(ge=1, le=99)] = 1
    note: Annotated[str, Field(max_length=500)] = ""


class OrderOut(BaseModel):
    """One order."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    product_id: int
    quantity: int
    total_cents: int
    currency: str
    status: str
    note: str
    created_at: datetime


class Money(BaseModel):
    """An amount in a currency."""

    least: Annotated[int, Field(ge=0)] = 0
    currency: str = "EUR"


class OrderSearch(BaseModel):
    """Which of the own orders to find."""

    class Where(BaseModel):
        """Conditions."""

        words: Annotated[str, Field(max_length=100)] = ""
        total: Money = Money()

    where: Where = Where()


class LabelJob(BaseModel):
    """How to print a parcel label."""

    class Printer(BaseModel):
        """A printer of the packing room."""

        name: str = "packing-1"
        copies: Annotated[int, Field(ge=1, le=5)] = 1

    printer: Printer = Printer()
    title: Annotated[str, Field(max_length=100)] = "Parcel"


class Import(BaseModel):
    """A document in the format of our old shop."""

    document: Annotated[str, Field(max_length=20_000)] = "[]"


class TicketIn(BaseModel):
    """A question to customer service."""

    email: Annotated[str, Field(max_length=200)]
    subject: Annotated[str, Field(max_length=200)]
    body: Annotated[str, Field(max_length=4000)] = ""

    @field_validator("email")
    @classmethod
    def check_address(cls, value: str) -> str:
        """Lower case; addresses of our own domain lose their tag."""
        if ADDRESS.match(value) and value.lower().endswith("@acorn-oak.example"):
            return value.lower().split("+")[0]
        return value.lower()


class RegistryIn(BaseModel):
    """A wedding list."""

    title: Name
    password: NewPassword


class Link(BaseModel):
    """An address on the web."""

    url: Annotated[str, Field(max_length=500)] = "https://www.acorn-oak.example/"


class HookTest(BaseModel):
    """Which partner's server to try."""

    class Server(BaseModel):
        """Where the partner listens."""

        host: Annotated[str, Field(max_length=200)] = "hooks.partner.example"

    event: Literal["order.paid", "order.sent"] = "order.paid"
    server: Server = Server()


class Answer(BaseModel):
    """A plain answer."""

    ok: bool = True
    detail: str = ""
    data: Any = None
