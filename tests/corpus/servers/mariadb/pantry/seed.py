from . import crud, models, schemas
from .database import SessionLocal

GROCERIES = [
    ("Olive oil, 1 l", "pantry", "9.90", 60),
    ("Red lentils, 500 g", "pantry", "2.10", 200),
    ("Goat cheese", "dairy", "4.75", 25),
    ("Sourdough loaf", "bakery", "5.20", 18),
]


def fill_if_empty():
    db = SessionLocal()
    try:
        if db.query(models.User).count():
            return
        groceries = [
            models.Grocery(name=name, aisle=aisle, unit_price=price, in_stock=stock)
            for name, aisle, price, stock in GROCERIES
        ]
        db.add_all(groceries)
        db.commit()
        people = [
            ("rosa@pantry.example", "olives-and-bread", "Rosa", "customer"),
            ("tim@pantry.example", "green-lentil-stew", "Tim", "customer"),
            ("owner@pantry.example", "saffron-locked-box", "Ada", "owner"),
        ]
        for email, password, nickname, role in people:
            data = schemas.UserCreate(email=email, password=password, nickname=nickname)
            user = crud.create_user(db, data, role)
            if role == "customer":
                line = schemas.Line(grocery_id=groceries[user.id % 4].id, quantity=2)
                crud.create_order(
                    db, user.id, schemas.OrderCreate(door_code=f"{user.id}4711", lines=[line])
                )
    finally:
        db.close()
