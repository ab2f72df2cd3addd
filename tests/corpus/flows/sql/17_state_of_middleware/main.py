from fastapi import Depends, FastAPI

from tenancy import TenantMiddleware, Tables, tables

app = FastAPI()
app.add_middleware(TenantMiddleware)


@app.get("/invoices")
async def invoices(tables: Tables = Depends(tables)):
    return await tables.rows("invoices", limit=10)
