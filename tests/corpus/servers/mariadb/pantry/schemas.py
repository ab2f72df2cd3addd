from datetime import datetime
from decimal import Decimal
from typing import List, Optional

from pydantic import BaseModel, ConfigDict, Field


class UserCreate(BaseModel):
    email: str = Field(max_length=190, pattern=r"^\S+@\S+$", examples=["eva@mail.example"])
    password: str = Field(min_length=10, max_length=100, examples=["cold-pressed-oil"])
    nickname: str = Field(default="", max_length=60)


class Login(BaseModel):
    email: str = Field(max_length=190)
    password: str = Field(max_length=100)


class User(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    email: str
    nickname: str
    role: str


class RoleChange(BaseModel):
    role: str = Field(pattern="^(customer|packer|owner)$", examples=["packer"])


class Grocery(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    aisle: str
    unit_price: Decimal
    in_stock: int


class Line(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    grocery_id: int
    quantity: int = Field(ge=1, le=200)


class OrderCreate(BaseModel):
    door_code: str = Field(default="", max_length=20)
    lines: List[Line] = Field(min_length=1, max_length=40)


class OrderFilter(BaseModel):
    status: str = Field(default="new", max_length=200)
    aisle: Optional[str] = Field(default=None, max_length=40)


class Order(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    status: str
    door_code: str
    created: datetime
    lines: List[Line]


class CommentCreate(BaseModel):
    rating: int = Field(ge=1, le=5)
    body: str = Field(min_length=1, max_length=1000)


class RecipeImport(BaseModel):
    recipe_url: str = Field(max_length=500, examples=["https://recipes.pantry.example/soup.txt"])


class SupplierPull(BaseModel):
    url: str = Field(max_length=500, examples=["https://feeds.farmhub.example/prices.csv"])
