from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING, TEXT
from pymongo.asynchronous.database import AsyncDatabase

from teahouse.passwords import protect

PEOPLE = [
    ("ines@harbour.example", "first-flush-1998", "drinker", "Ines", "Lisbon"),
    ("tomas@harbour.example", "smoke-and-pine-44", "drinker", "Tomas", "Porto"),
    ("stockroom@harbour.example", "crate-by-crate-07", "stockroom", "Stockroom", "Faro"),
]

TEAS: list[dict[str, Any]] = [
    {"slug": "harbour-black", "name": "Harbour Black", "origin": "Assam", "caffeine": 55,
     "price": 6.5, "stock": 40, "notes": ["malt", "cocoa"]},
    {"slug": "pine-smoke", "name": "Pine Smoke", "origin": "Fujian", "caffeine": 40,
     "price": 8.0, "stock": 12, "notes": ["smoke", "resin"]},
    {"slug": "white-pier", "name": "White Pier", "origin": "Fujian", "caffeine": 15,
     "price": 14.0, "stock": 7, "notes": ["melon"]},
    {"slug": "evening-lime", "name": "Evening Lime", "origin": "Minho", "caffeine": 0,
     "price": 4.0, "stock": 60, "notes": ["lime blossom"]},
]


async def set_up(db: AsyncDatabase) -> None:
    await db.people.create_index("email", unique=True)
    await db.teas.create_index([("slug", ASCENDING)], unique=True)
    await db.teas.create_index([("name", TEXT)])
    await db.sessions.create_index("until", expireAfterSeconds=0)
    if await db.people.count_documents({}):
        return
    ids = []
    for email, password, role, name, city in PEOPLE:
        person = {"email": email, "role": role, "name": name, "city": city, "points": 0}
        made = await db.people.insert_one({**person, **protect(password)})
        ids.append(made.inserted_id)
    await db.teas.insert_many(TEAS)
    await db.cards.insert_many(
        [{"code": "PIER-7731", "worth": 25, "used": False}, {"code": "QUAY-0412", "worth": 50, "used": False}]
    )
    await db.orders.insert_many(
        [
            {"owner": ids[0], "lines": [{"tea": "harbour-black", "bags": 2}], "total": 13.0,
             "state": "sent", "send_to": "Ines, 3 Cais Row", "at": datetime(2026, 3, 2, tzinfo=UTC)},
            {"owner": ids[1], "lines": [{"tea": "pine-smoke", "bags": 1}], "total": 8.0,
             "state": "paid", "send_to": "Tomas, 88 Pier Road", "at": datetime(2026, 3, 9, tzinfo=UTC)},
        ]
    )
