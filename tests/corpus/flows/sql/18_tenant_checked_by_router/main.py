import asyncpg
from fastapi import APIRouter, Depends, FastAPI

from tenancy import known_tenant, tenant_name

router = APIRouter(dependencies=[Depends(known_tenant)])


@router.get("/invoices")
async def invoices(tenant: str = Depends(tenant_name)):
    pool = await asyncpg.create_pool("postgresql://localhost/saas")
    async with pool.acquire() as connection:
        rows = await connection.fetch(f"SELECT id, name FROM {tenant}.invoices LIMIT 10")
    return [dict(row) for row in rows]


app = FastAPI()
app.include_router(router)
