from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from desk import HANDLERS
from shelves import Books, Loans, ShelfRouter, prepare


@asynccontextmanager
async def lifespan(_: FastAPI):
    prepare()
    yield


app = FastAPI(title="Library", lifespan=lifespan)
library = APIRouter(prefix="/library")

for shelf, removable in ((Books(), False), (Loans(), True)):
    name = type(shelf).__name__.lower()
    library.include_router(ShelfRouter(shelf, removable=removable, prefix=f"/{name}"))


class Wishes(Books):
    table = "wish"


library.include_router(ShelfRouter(Wishes(), prefix="/wishes"))

desk = APIRouter(prefix="/desk", tags=["desk"])
for handler in HANDLERS:
    handler.bind(desk)

app.include_router(library)
app.include_router(desk)
