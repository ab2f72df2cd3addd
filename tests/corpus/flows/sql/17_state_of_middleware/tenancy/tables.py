import asyncpg


class Tables:
    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.connection = None

    async def open(self) -> None:
        self.connection = await asyncpg.connect("postgresql://localhost/saas")

    async def close(self) -> None:
        await self.connection.close()

    async def rows(self, table: str, limit: int):
        statement = f"SELECT id, name FROM {self.tenant}.{table} LIMIT $1"
        return [dict(row) for row in await self.connection.fetch(statement, limit)]
