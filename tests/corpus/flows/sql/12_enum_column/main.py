from fastapi import Depends, FastAPI

from inventory.models import SortBy
from inventory.repository import Repository, get_repository

app = FastAPI()


@app.get("/stock")
async def stock(by: SortBy = SortBy.sku, repository: Repository = Depends(get_repository)):
    return await repository.listing(by)
