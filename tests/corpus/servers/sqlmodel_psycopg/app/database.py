from sqlmodel import Session, SQLModel, create_engine, select

from app import crud
from app.config import settings
from app.models import Basket, BasketLine, Customer, CustomerCreate, Tea

engine = create_engine(str(settings.SQLALCHEMY_DATABASE_URI), pool_pre_ping=True)


def create_db_and_tables() -> None:
    SQLModel.metadata.create_all(engine)


def seed() -> None:
    with Session(engine) as session:
        if session.exec(select(Customer)).first():
            return
        hana = crud.create_customer(
            session, CustomerCreate(login="hana", display_name="Hana", password="first-flush-1912")
        )
        otto = crud.create_customer(
            session, CustomerCreate(login="otto", display_name="Otto", password="smoky-lapsang-77")
        )
        crud.create_customer(
            session,
            CustomerCreate(
                login=settings.FIRST_SUPERUSER, password=settings.FIRST_SUPERUSER_PASSWORD
            ),
            is_superuser=True,
        )
        teas = [
            Tea(name="Darjeeling First Flush", origin="India", grams=100, price=14.5),
            Tea(name="Lapsang Souchong", origin="China", grams=100, price=9.8),
            Tea(name="Gyokuro", origin="Japan", grams=50, price=21.0),
            Tea(name="Tie Guan Yin", origin="China", grams=75, price=16.2),
        ]
        session.add_all(teas)
        session.flush()
        for customer, tea in ((hana, teas[0]), (otto, teas[1])):
            session.add(
                Basket(
                    customer_id=customer.id,
                    address=f"{customer.display_name}, 9 Mill Lane",
                    total=tea.price,
                    lines=[BasketLine(tea_id=tea.id, packs=1)],
                )
            )
        session.commit()


def get_session():
    with Session(engine) as session:
        yield session
