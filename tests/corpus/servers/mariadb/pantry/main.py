import html
import urllib.request
from typing import List
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from . import auth, crud, models, schemas, seed
from .database import Base, engine, get_db

Base.metadata.create_all(bind=engine)
seed.fill_if_empty()

app = FastAPI(title="Pantry", version="2.3.0")

PARTNERS = {
    "recipes": "https://recipes.pantry.example/",
    "farm": "https://www.farmhub.example/pantry",
}
FEED_HOSTS = ("feeds.farmhub.example", "prices.mill.example")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args, **kwargs):
        return None


feeds = urllib.request.build_opener(NoRedirect)


@app.post("/users/register", status_code=201)
def register(user: schemas.UserCreate, db: Session = Depends(get_db)):
    if crud.get_user_by_email(db, user.email):
        raise HTTPException(status_code=400, detail="Email already registered")
    try:
        return crud.create_user(db, user)
    except IntegrityError:
        raise HTTPException(status_code=400, detail="Email already registered")


@app.post("/users/login")
def login(data: schemas.Login, db: Session = Depends(get_db)):
    user = crud.get_user_by_email(db, data.email)
    if user is None or user.password_md5 != auth.hash_password(data.password):
        raise HTTPException(status_code=401, detail="Wrong email or password")
    return {"token": auth.make_token(user)}


@app.get("/users/me", response_model=schemas.User)
def me(user: models.User = Depends(auth.current_user)):
    return user


@app.get("/groceries", response_model=List[schemas.Grocery])
def read_groceries(
    aisle: str = "",
    order: str = "name",
    skip: int = Query(0, ge=0),
    limit: int = Query(50, ge=1, le=100),
    db: Session = Depends(get_db),
):
    return crud.get_groceries(db, aisle, order, skip, limit)


@app.get("/groceries/find", response_model=List[schemas.Grocery])
def find_groceries(name: str = Query("", max_length=80), db: Session = Depends(get_db)):
    return crud.find_groceries(db, name)


@app.get("/groceries/best")
def best_sellers(
    aisle: str = "pantry", limit: int = Query(5, ge=1, le=50), db: Session = Depends(get_db)
):
    return crud.best_sellers(db, aisle, limit)


@app.post("/groceries/{grocery_id}/comments", status_code=201)
def comment(
    grocery_id: int,
    data: schemas.CommentCreate,
    db: Session = Depends(get_db),
    user: models.User = Depends(auth.current_user),
):
    if db.get(models.Grocery, grocery_id) is None:
        raise HTTPException(status_code=404, detail="Grocery not found")
    return {"id": crud.add_comment(db, grocery_id, user.id, data)}


@app.get("/groceries/{grocery_id}/page", response_class=HTMLResponse)
def grocery_page(grocery_id: int, db: Session = Depends(get_db)):
    grocery = db.get(models.Grocery, grocery_id)
    if grocery is None:
        raise HTTPException(status_code=404, detail="Grocery not found")
    parts = ["<h1>%s</h1>" % html.escape(grocery.name)]
    for row in grocery.comments:
        parts.append("<blockquote>%s<footer>%d/5</footer></blockquote>" % (row.body, row.rating))
    return HTMLResponse("\n".join(parts))


@app.get("/groceries/{grocery_id}/shelf-tag", response_class=HTMLResponse)
def shelf_tag(grocery_id: int, note: str = "", db: Session = Depends(get_db)):
    grocery = db.get(models.Grocery, grocery_id)
    if grocery is None:
        raise HTTPException(status_code=404, detail="Grocery not found")
    name, note = html.escape(grocery.name), html.escape(note)
    return HTMLResponse(f"<b>{name}</b> {grocery.unit_price} EUR <i>{note}</i>")


@app.get("/orders", response_model=List[schemas.Order])
def my_orders(
    sort: str = "id",
    direction: str = "asc",
    db: Session = Depends(get_db),
    user: models.User = Depends(auth.current_user),
):
    return crud.get_orders(db, user.id, sort, direction)


@app.post("/orders", response_model=schemas.Order, status_code=201)
def place_order(
    order: schemas.OrderCreate,
    db: Session = Depends(get_db),
    user: models.User = Depends(auth.current_user),
):
    row = crud.create_order(db, user.id, order)
    if row is None:
        raise HTTPException(status_code=404, detail="Grocery not found")
    return row


@app.post("/orders/filter")
def filter_orders(
    wanted: schemas.OrderFilter,
    db: Session = Depends(get_db),
    user: models.User = Depends(auth.current_user),
):
    return crud.filter_orders(db, user.id, wanted)


@app.get("/orders/{order_id}", response_model=schemas.Order)
def read_order(
    order_id: int, db: Session = Depends(get_db), user: models.User = Depends(auth.current_user)
):
    order = db.query(models.Order).filter_by(id=order_id, user_id=user.id).first()
    if order is None:
        raise HTTPException(status_code=404, detail="Order not found")
    return order


@app.get("/orders/{order_id}/slip")
def packing_slip(
    order_id: int, db: Session = Depends(get_db), user: models.User = Depends(auth.current_user)
):
    order = db.query(models.Order).filter(models.Order.id == order_id).first()
    if order is None:
        raise HTTPException(status_code=404, detail="Order not found")
    return {
        "order": order.id,
        "for": order.user.nickname,
        "door_code": order.door_code,
        "lines": [f"{line.quantity} x {line.grocery.name}" for line in order.lines],
    }


@app.post("/recipes/import")
def import_recipe(
    data: schemas.RecipeImport,
    db: Session = Depends(get_db),
    user: models.User = Depends(auth.current_user),
):
    try:
        with urllib.request.urlopen(data.recipe_url, timeout=4) as page:
            recipe = page.read(100_000).decode("utf-8", errors="replace")
    except (OSError, ValueError):
        raise HTTPException(status_code=502, detail="Recipe could not be loaded")
    groceries = db.query(models.Grocery).limit(1000).all()
    needed = [g.name for g in groceries if g.name.split(",")[0].lower() in recipe.lower()]
    return {"needed": needed, "recipe": recipe[:2000]}


@app.get("/partners/{name}")
def partner(name: str):
    if name not in PARTNERS:
        raise HTTPException(status_code=404, detail="Unknown partner")
    return RedirectResponse(PARTNERS[name])


@app.get("/backoffice/users", response_model=List[schemas.User])
def list_users(
    skip: int = Query(0, ge=0),
    limit: int = Query(100, ge=1, le=200),
    db: Session = Depends(get_db),
    owner: models.User = Depends(auth.owner_only),
):
    return db.query(models.User).order_by(models.User.id).offset(skip).limit(limit).all()


@app.put("/backoffice/users/{user_id}/role", response_model=schemas.User)
def change_role(
    user_id: int,
    change: schemas.RoleChange,
    db: Session = Depends(get_db),
    user: models.User = Depends(auth.current_user),
):
    row = db.get(models.User, user_id)
    if row is None:
        raise HTTPException(status_code=404, detail="User not found")
    row.role = change.role
    db.commit()
    return row


@app.post("/backoffice/prices")
def pull_prices(data: schemas.SupplierPull, owner: models.User = Depends(auth.owner_only)):
    parts = urlsplit(data.url)
    if parts.scheme != "https" or parts.netloc not in FEED_HOSTS:
        raise HTTPException(status_code=400, detail="Unknown supplier")
    try:
        with feeds.open(f"https://{parts.netloc}{parts.path}", timeout=4) as feed:
            return {"lines": feed.read(500_000).count(b"\n")}
    except OSError:
        raise HTTPException(status_code=502, detail="Supplier does not answer")


@app.get("/backoffice/turnover/{month}")
def turnover(
    month: str, db: Session = Depends(get_db), owner: models.User = Depends(auth.owner_only)
):
    return crud.turnover(db, month)
