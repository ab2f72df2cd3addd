from sqlalchemy import Boolean, Column, DateTime, ForeignKey, Integer, Numeric, String, Text, func
from sqlalchemy.orm import relationship

from .database import Base


class User(Base):
    __tablename__ = "users"

    id = Column(Integer, primary_key=True)
    email = Column(String(190), unique=True, nullable=False)
    password_md5 = Column(String(32), nullable=False)
    nickname = Column(String(60), nullable=False, default="")
    role = Column(String(20), nullable=False, default="customer")
    active = Column(Boolean, nullable=False, default=True)

    orders = relationship("Order", back_populates="user")


class Grocery(Base):
    __tablename__ = "groceries"

    id = Column(Integer, primary_key=True)
    name = Column(String(120), nullable=False, index=True)
    aisle = Column(String(40), nullable=False)
    unit_price = Column(Numeric(8, 2), nullable=False)
    in_stock = Column(Integer, nullable=False, default=0)

    comments = relationship("Comment", back_populates="grocery")


class Order(Base):
    __tablename__ = "orders"

    id = Column(Integer, primary_key=True)
    user_id = Column(Integer, ForeignKey("users.id"), nullable=False, index=True)
    status = Column(String(20), nullable=False, default="new")
    door_code = Column(String(20), nullable=False, default="")
    created = Column(DateTime, nullable=False, server_default=func.now())

    user = relationship("User", back_populates="orders")
    lines = relationship("OrderLine", back_populates="order", cascade="all, delete-orphan")


class OrderLine(Base):
    __tablename__ = "order_lines"

    id = Column(Integer, primary_key=True)
    order_id = Column(Integer, ForeignKey("orders.id"), nullable=False)
    grocery_id = Column(Integer, ForeignKey("groceries.id"), nullable=False)
    quantity = Column(Integer, nullable=False)

    order = relationship("Order", back_populates="lines")
    grocery = relationship("Grocery")


class Comment(Base):
    __tablename__ = "comments"

    id = Column(Integer, primary_key=True)
    grocery_id = Column(Integer, ForeignKey("groceries.id"), nullable=False)
    user_id = Column(Integer, ForeignKey("users.id"), nullable=False)
    rating = Column(Integer, nullable=False)
    body = Column(Text, nullable=False)

    grocery = relationship("Grocery", back_populates="comments")
    user = relationship("User")
