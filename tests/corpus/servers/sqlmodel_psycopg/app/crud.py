from sqlalchemy import text
from sqlmodel import Session, col, func, or_, select

from app.models import (
    Basket,
    BasketCreate,
    BasketLine,
    Customer,
    CustomerCreate,
    CustomerUpdate,
    Tasting,
    Tea,
)
from app.security import get_password_hash, verify_password

BASKET_ORDER = {
    "newest": col(Basket.placed_at).desc(),
    "oldest": col(Basket.placed_at).asc(),
    "total": col(Basket.total).desc(),
}


def create_customer(
    session: Session, data: CustomerCreate, is_superuser: bool = False
) -> Customer:
    customer = Customer.model_validate(
        data,
        update={
            "hashed_password": get_password_hash(data.password),
            "is_superuser": is_superuser,
        },
    )
    session.add(customer)
    session.commit()
    session.refresh(customer)
    return customer


def get_customer_by_login(session: Session, login: str) -> Customer | None:
    return session.exec(select(Customer).where(Customer.login == login)).first()


def authenticate(session: Session, login: str, password: str) -> Customer | None:
    customer = get_customer_by_login(session, login)
    if customer and verify_password(password, customer.hashed_password):
        return customer
    return None


def update_customer(session: Session, customer: Customer, data: CustomerUpdate) -> Customer:
    customer.sqlmodel_update(data.model_dump(exclude_unset=True))
    session.add(customer)
    session.commit()
    session.refresh(customer)
    return customer


def list_teas(
    session: Session, sort_by: str, direction: str, skip: int, limit: int
) -> list[Tea]:
    statement = select(Tea).where(col(Tea.archived).is_(False))
    statement = statement.order_by(text(f"{sort_by} {direction}"))
    return list(session.exec(statement.offset(skip).limit(limit)).all())


def search_teas(session: Session, q: str, limit: int) -> list[Tea]:
    pattern = f"%{q}%"
    statement = (
        select(Tea)
        .where(or_(col(Tea.name).ilike(pattern), col(Tea.origin).ilike(pattern)))
        .order_by(col(Tea.name))
        .limit(limit)
    )
    return list(session.exec(statement).all())


def teas_of_origin(session: Session, origin: str) -> list[dict]:
    query = "SELECT id, name, grams, price FROM tea WHERE lower(origin) = lower('%s')" % origin
    rows = session.connection().execute(text(query))
    return [dict(row) for row in rows.mappings()]


def list_baskets(session: Session, customer_id: int, order: str) -> list[Basket]:
    statement = select(Basket).where(Basket.customer_id == customer_id)
    statement = statement.order_by(BASKET_ORDER.get(order, BASKET_ORDER["newest"]))
    return list(session.exec(statement).all())


def create_basket(session: Session, customer: Customer, data: BasketCreate) -> Basket | None:
    basket = Basket(
        customer_id=customer.id, address=data.address, gift_note=data.gift_note, total=0
    )
    for line in data.lines:
        tea = session.get(Tea, line.tea_id)
        if tea is None:
            return None
        basket.total += tea.price * line.packs
        basket.lines.append(BasketLine(tea_id=tea.id, packs=line.packs))
    session.add(basket)
    session.commit()
    session.refresh(basket)
    return basket


def tastings_of(session: Session, tea_id: int) -> list[Tasting]:
    return list(session.exec(select(Tasting).where(Tasting.tea_id == tea_id)).all())


def popular_teas(session: Session, since: str, origin: str | None, limit: int) -> list[dict]:
    extra = "AND t.origin = :origin" if origin else ""
    statement = text(
        f"""
        SELECT t.name, sum(l.packs) AS packs
        FROM basketline l JOIN tea t ON t.id = l.tea_id JOIN basket b ON b.id = l.basket_id
        WHERE b.placed_at >= cast(:since AS date) {extra}
        GROUP BY t.name ORDER BY packs DESC LIMIT :limit
        """
    )
    values = {"since": since, "origin": origin, "limit": limit}
    return [dict(r) for r in session.connection().execute(statement, values).mappings()]


def count_customers(session: Session) -> int:
    return session.exec(select(func.count()).select_from(Customer)).one()
