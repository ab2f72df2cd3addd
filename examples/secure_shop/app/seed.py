"""The first rows of a fresh database.

The demonstration accounts are those that pyproject.toml names as identities, so that there is one
place for them. The container image holds no pyproject.toml, and so no such account.
"""

import logging
import tomllib
from typing import Any

from buckler.guard.auth.identities import Identities
from buckler.guard.stores.records import User as Account
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.config import PROJECT_DIR
from app.db import session_factory
from app.models import Address, Order, Product, Review, Ticket

logger = logging.getLogger("shop.seed")

PRODUCTS = [
    ("Watering can", "garden", 2490, 40, True),
    ("Hand trowel", "garden", 1290, 75, False),
    ("Oak board", "kitchen", 3900, 22, True),
    ("Linen apron", "kitchen", 2800, 31, False),
    ("Seed box", "garden", 990, 120, False),
    ("Enamel mug", "kitchen", 850, 64, True),
]


def demo_identities() -> list[dict[str, Any]]:
    """The identities of the project file; empty where there is none."""
    path = PROJECT_DIR / "pyproject.toml"
    if not path.is_file():
        return []
    tools = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
    return list(tools.get("buckler", {}).get("identities", {}).values())


async def add_products(session: AsyncSession) -> None:
    """Goods to sell."""
    for number, (name, category, price, stock, featured) in enumerate(PRODUCTS, 1):
        session.add(
            Product(
                id=number,
                name=name,
                category=category,
                price_cents=price,
                stock=stock,
                featured=featured,
            )
        )


async def add_account(identities: Identities, identity: dict[str, Any]) -> int:
    """One account as guard makes them, with its role."""
    password = identity["login"]["json"]["password"]
    made = await identities.stores.users.add(
        Account(
            id="",
            name=identity["login"]["json"]["name"],
            password=await identities.passwords.hash(password),
            verified=True,
        )
    )
    if made is None:
        raise RuntimeError("a demonstration account is there already, and its products are not")
    if identity["role"] != "user":
        await identities.assign(made.id, identity["role"], by="seed")
    return int(made.id)


async def add_belongings(session: AsyncSession, number: int) -> None:
    """An address, two orders, a ticket and a review of an account."""
    session.add(Address(id=number, user_id=number, street="1 Orchard Lane", city="Applewick"))
    session.add(Ticket(id=number, user_id=number, subject="Delivery", body="On Friday, please."))
    session.add(Review(product_id=number, user_id=number, rating=5, body="Made to last."))
    for product in (2 * number - 1, 2 * number):
        price = PRODUCTS[(product - 1) % len(PRODUCTS)][2]
        session.add(
            Order(id=product, user_id=number, product_id=number, total_cents=price, status="paid")
        )


async def seed(identities: Identities) -> None:
    """Fill an empty database; do nothing to one that has products."""
    async with session_factory() as session:
        if await session.scalar(select(func.count()).select_from(Product)):
            return
    accounts = [await add_account(identities, one) for one in demo_identities()]
    async with session_factory() as session:
        await add_products(session)
        for number in accounts:
            await add_belongings(session, number)
        await session.commit()
    if accounts:
        logger.warning("the database was filled with %d demonstration accounts", len(accounts))
