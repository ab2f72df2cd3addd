from collections.abc import Sequence
from datetime import date

from sqlalchemy import RowMapping, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from bookshop.models import Purchase

BUCKETS = {"day": "YYYY-MM-DD", "month": "YYYY-MM", "year": "YYYY"}


class PurchaseRepository:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def get(self, purchase_id: int) -> Purchase | None:
        return await self.session.get(Purchase, purchase_id)

    async def of_reader(self, reader_id: int, status: str | None) -> Sequence[Purchase]:
        conditions = ["reader_id = :reader"]
        values: dict[str, object] = {"reader": reader_id}
        if status:
            conditions.append("status = :status")
            values["status"] = status
        where = " AND ".join(conditions)
        statement = text(f"SELECT * FROM purchases WHERE {where} ORDER BY placed_at DESC LIMIT 100")
        rows = await self.session.execute(statement, values)
        return [Purchase(**row) for row in rows.mappings()]

    async def add(self, purchase: Purchase) -> Purchase:
        self.session.add(purchase)
        await self.session.commit()
        await self.session.refresh(purchase)
        return purchase

    async def cancel(self, purchase_id: int, reader_id: int) -> Purchase | None:
        statement = (
            update(Purchase)
            .where(
                Purchase.id == purchase_id,
                Purchase.reader_id == reader_id,
                Purchase.status == "placed",
            )
            .values(status="cancelled")
            .returning(Purchase)
        )
        purchase = (await self.session.scalars(statement)).one_or_none()
        await self.session.commit()
        return purchase

    async def sales(self, since: date, bucket: str) -> Sequence[RowMapping]:
        pattern = BUCKETS.get(bucket, BUCKETS["month"])
        statement = (
            f"SELECT to_char(placed_at, '{pattern}') AS bucket, count(*) AS purchases, "
            "sum(total_cents)::int AS cents FROM purchases "
            "WHERE placed_at >= :since GROUP BY 1 ORDER BY 1"
        )
        result = await self.session.execute(text(statement), {"since": since})
        return result.mappings().all()

    async def latest_first(self, limit: int) -> Sequence[Purchase]:
        statement = select(Purchase).order_by(Purchase.placed_at.desc()).limit(limit)
        return (await self.session.scalars(statement)).all()
