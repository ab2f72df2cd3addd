"""The first rows of a fresh database."""

from sqlalchemy import func, select

from app.db import session_factory
from app.models import Address, Order, Product, Review, Ticket, User
from app.security import hash_password

PEOPLE = [
    ("alice", "alice@acorn-oak.example", "Alice Archer", "user", "rosemary-and-thyme"),
    ("bob", "bob@acorn-oak.example", "Bob Baker", "user", "copper-watering-can"),
    ("admin", "admin@acorn-oak.example", "Ada Mint", "admin", "greenhouse-keys-77"),
]

PRODUCTS = [
    ("Watering can", "garden", 2490, 40, True),
    ("Hand trowel", "garden", 1290, 75, False),
    ("Oak board", "kitchen", 3900, 22, True),
    ("Linen apron", "kitchen", 2800, 31, False),
    ("Seed box", "garden", 990, 120, False),
    ("Enamel mug", "kitchen", 850, 64, True),
]


async def seed() -> None:
    """Fill an empty database; do nothing to one that has users."""
    async with session_factory() as session:
        if await session.scalar(select(func.count()).select_from(User)):
            return
        for number, (username, email, name, role, password) in enumerate(PEOPLE, 1):
            session.add(
                User(
                    id=number,
                    username=username,
                    email=email,
                    full_name=name,
                    role=role,
                    points=120 * number,
                    password_hash=hash_password(password),
                )
            )
            session.add(
                Address(
                    id=number,
                    user_id=number,
                    street=f"{number} Orchard Lane",
                    city="Applewick",
                    postcode=f"AW{number} 4TR",
                )
            )
            session.add(
                Ticket(
                    id=number,
                    user_id=number,
                    email=email,
                    subject="Delivery day",
                    body=f"{name} would like a delivery on Friday.",
                )
            )
        for number, (name, category, price, stock, featured) in enumerate(PRODUCTS, 1):
            session.add(
                Product(
                    id=number,
                    name=name,
                    category=category,
                    price_cents=price,
                    stock=stock,
                    featured=featured,
                    description=f"{name}, made to last.",
                )
            )
        for number in range(1, 7):
            owner = (number + 1) // 2
            session.add(
                Order(
                    id=number,
                    user_id=owner,
                    product_id=number,
                    quantity=1,
                    total_cents=PRODUCTS[number - 1][2],
                    status="paid",
                    note=f"Leave parcel {number} with the neighbour",
                )
            )
        session.add(Review(id=1, product_id=1, user_id=2, body="Pours nicely."))
        session.add(Review(id=2, product_id=3, user_id=1, body="Heavy and good."))
        await session.commit()
