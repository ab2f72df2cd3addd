from sqlalchemy import asc, desc, text
from sqlalchemy.orm import Session

from . import auth, models, schemas

ORDER_COLUMNS = {"id": models.Order.id, "created": models.Order.created}


def get_user_by_email(db: Session, email: str):
    return db.query(models.User).filter(models.User.email == email).first()


def create_user(db: Session, user: schemas.UserCreate, role: str = "customer"):
    row = models.User(
        email=user.email,
        nickname=user.nickname,
        password_md5=auth.hash_password(user.password),
        role=role,
    )
    db.add(row)
    db.commit()
    db.refresh(row)
    return row


def get_groceries(db: Session, aisle: str, order: str, skip: int, limit: int):
    query = db.query(models.Grocery)
    if aisle:
        query = query.filter(models.Grocery.aisle == aisle)
    return query.order_by(text(order)).offset(skip).limit(limit).all()


def find_groceries(db: Session, name: str):
    statement = text(
        "SELECT id, name, aisle, unit_price, in_stock FROM groceries "
        "WHERE name LIKE CONCAT('%', :name, '%') ORDER BY name LIMIT 50"
    )
    return db.execute(statement, {"name": name}).mappings().all()


def get_orders(db: Session, user_id: int, sort: str, direction: str):
    column = ORDER_COLUMNS.get(sort, models.Order.id)
    arrange = desc if direction == "desc" else asc
    return (
        db.query(models.Order)
        .filter(models.Order.user_id == user_id)
        .order_by(arrange(column))
        .limit(100)
        .all()
    )


def filter_orders(db: Session, user_id: int, wanted: schemas.OrderFilter):
    sql = (
        "SELECT o.id, o.status, g.name, l.quantity FROM orders o "
        "JOIN order_lines l ON l.order_id = o.id JOIN groceries g ON g.id = l.grocery_id "
        "WHERE o.user_id = :user AND o.status = '{}'".format(wanted.status)
    )
    values = {"user": user_id}
    if wanted.aisle is not None:
        sql += " AND g.aisle = :aisle"
        values["aisle"] = wanted.aisle
    return db.execute(text(sql), values).mappings().all()


def create_order(db: Session, user_id: int, order: schemas.OrderCreate):
    row = models.Order(user_id=user_id, door_code=order.door_code, status="new")
    for line in order.lines:
        if db.get(models.Grocery, line.grocery_id) is None:
            return None
        row.lines.append(models.OrderLine(grocery_id=line.grocery_id, quantity=line.quantity))
    db.add(row)
    db.commit()
    db.refresh(row)
    return row


def turnover(db: Session, month: str):
    cursor = db.connection().connection.cursor()
    cursor.execute(
        "SELECT g.aisle, SUM(l.quantity * g.unit_price) FROM orders o "
        "JOIN order_lines l ON l.order_id = o.id JOIN groceries g ON g.id = l.grocery_id "
        f"WHERE DATE_FORMAT(o.created, '%Y-%m') = '{month}' GROUP BY g.aisle"
    )
    return [{"aisle": aisle, "total": total} for aisle, total in cursor.fetchall()]


def best_sellers(db: Session, aisle: str, limit: int):
    cursor = db.connection().connection.cursor()
    cursor.execute(
        "SELECT g.name, SUM(l.quantity) AS sold FROM order_lines l "
        "JOIN groceries g ON g.id = l.grocery_id WHERE g.aisle = %s "
        "GROUP BY g.name ORDER BY sold DESC LIMIT %s",
        (aisle, limit),
    )
    return [{"name": name, "sold": int(sold)} for name, sold in cursor.fetchall()]


def add_comment(db: Session, grocery_id: int, user_id: int, comment: schemas.CommentCreate):
    row = models.Comment(grocery_id=grocery_id, user_id=user_id, **comment.model_dump())
    db.add(row)
    db.commit()
    return row.id
