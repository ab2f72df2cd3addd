from datetime import datetime, timezone

from sqlmodel import Field, Relationship, SQLModel


def now() -> datetime:
    return datetime.now(timezone.utc)


class CustomerBase(SQLModel):
    login: str = Field(unique=True, index=True, max_length=40)
    display_name: str = Field(default="", max_length=80)


class CustomerCreate(CustomerBase):
    password: str = Field(min_length=10, max_length=100)


class CustomerUpdate(SQLModel):
    display_name: str | None = Field(default=None, max_length=80)
    newsletter: bool | None = None


class Customer(CustomerBase, table=True):
    id: int | None = Field(default=None, primary_key=True)
    hashed_password: str
    newsletter: bool = False
    is_superuser: bool = False
    baskets: list["Basket"] = Relationship(back_populates="customer")


class CustomerPublic(CustomerBase):
    id: int
    newsletter: bool


class TeaBase(SQLModel):
    name: str = Field(index=True, max_length=80)
    origin: str = Field(max_length=60)
    grams: int = Field(default=100, gt=0)
    price: float = Field(gt=0)


class TeaCreate(TeaBase):
    pass


class Tea(TeaBase, table=True):
    id: int | None = Field(default=None, primary_key=True)
    archived: bool = False
    tastings: list["Tasting"] = Relationship(back_populates="tea", cascade_delete=True)


class TeaPublic(TeaBase):
    id: int


class TastingCreate(SQLModel):
    score: int = Field(ge=1, le=10)
    notes: str = Field(max_length=600)


class Tasting(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    tea_id: int = Field(foreign_key="tea.id", ondelete="CASCADE")
    customer_id: int = Field(foreign_key="customer.id")
    score: int
    notes: str
    tea: Tea = Relationship(back_populates="tastings")


class BasketLineCreate(SQLModel):
    tea_id: int
    packs: int = Field(default=1, ge=1, le=99)


class BasketCreate(SQLModel):
    address: str = Field(min_length=3, max_length=200)
    gift_note: str = Field(default="", max_length=300)
    lines: list[BasketLineCreate] = Field(min_length=1, max_length=30)


class Basket(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="customer.id", index=True)
    address: str
    gift_note: str = ""
    total: float = 0
    placed_at: datetime = Field(default_factory=now)
    customer: Customer = Relationship(back_populates="baskets")
    lines: list["BasketLine"] = Relationship(back_populates="basket", cascade_delete=True)


class BasketLine(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    basket_id: int = Field(foreign_key="basket.id", ondelete="CASCADE")
    tea_id: int = Field(foreign_key="tea.id")
    packs: int
    basket: Basket = Relationship(back_populates="lines")


class BasketLinePublic(SQLModel):
    tea_id: int
    packs: int


class BasketPublic(SQLModel):
    id: int
    address: str
    gift_note: str
    total: float
    placed_at: datetime
    lines: list[BasketLinePublic] = []


class PriceListSource(SQLModel):
    address: str = Field(max_length=400)


class Token(SQLModel):
    access_token: str
    token_type: str = "bearer"
