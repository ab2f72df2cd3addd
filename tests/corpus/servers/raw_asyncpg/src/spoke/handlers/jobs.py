from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field

from spoke.people import Rider, Staff
from spoke.store import Con

router = APIRouter()

State = Literal["open", "ready", "collected"]


class NewJob(BaseModel):
    sku: str = Field(max_length=20, examples=["CH-11"])
    pieces: int = Field(default=1, ge=1, le=20)
    phone: str = Field(default="", max_length=40)
    remark: str = Field(default="", max_length=400)


class JobPatch(BaseModel):
    pieces: int | None = Field(default=None, ge=1, le=20)
    phone: str | None = Field(default=None, max_length=40)
    remark: str | None = Field(default=None, max_length=400)


@router.get("/jobs")
async def my_jobs(
    me: Rider,
    con: Con,
    sku: str | None = None,
    remark: str | None = None,
    state: State | None = None,
) -> list[dict[str, Any]]:
    where, values = ["rider_id = $1"], [me["rider_id"]]
    for column, operator, value in (
        ("sku", "=", sku),
        ("remark", "ILIKE", remark and f"%{remark}%"),
        ("state", "=", state),
    ):
        if value:
            values.append(value)
            where.append(f"{column} {operator} ${len(values)}")
    sql = f"SELECT job_id, sku, pieces, state, remark FROM job WHERE {' AND '.join(where)}"
    return [dict(row) for row in await con.fetch(sql + " ORDER BY job_id", *values)]


@router.post("/jobs", status_code=201)
async def open_job(job: NewJob, me: Rider, con: Con) -> dict[str, int]:
    if not await con.fetchval("SELECT EXISTS (SELECT FROM part WHERE sku = $1)", job.sku):
        raise HTTPException(404, "no such part")
    number = await con.fetchval(
        "INSERT INTO job (rider_id, sku, pieces, phone, remark)"
        " VALUES ($1, $2, $3, $4, $5) RETURNING job_id",
        me["rider_id"],
        job.sku,
        job.pieces,
        job.phone,
        job.remark,
    )
    return {"job_id": number}


@router.get("/jobs/{job_id}")
async def job(job_id: int, me: Rider, con: Con) -> dict[str, Any]:
    row = await con.fetchrow("SELECT * FROM job WHERE job_id = $1", job_id)
    if row is None:
        raise HTTPException(404, "no such job")
    return dict(row)


@router.patch("/jobs/{job_id}")
async def change_job(job_id: int, patch: JobPatch, me: Rider, con: Con) -> dict[str, Any]:
    changes = patch.model_dump(exclude_none=True)
    if not changes:
        raise HTTPException(400, "nothing to change")
    setters = ", ".join(f"{column} = ${n}" for n, column in enumerate(changes, start=3))
    row = await con.fetchrow(
        f"UPDATE job SET {setters} WHERE job_id = $1 AND rider_id = $2 RETURNING *",
        job_id,
        me["rider_id"],
        *changes.values(),
    )
    if row is None:
        raise HTTPException(404, "no such job")
    return dict(row)


@router.get("/workshop/riders")
async def riders(
    boss: Staff, con: Con, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> list[dict[str, Any]]:
    rows = await con.fetch(
        "SELECT rider_id, handle, town, joined FROM rider ORDER BY rider_id LIMIT $1", limit
    )
    return [dict(row) for row in rows]


@router.get("/workshop/turnover")
async def turnover(
    boss: Staff, con: Con, unit: Literal["day", "week", "month"] = "week"
) -> list[dict[str, Any]]:
    rows = await con.fetch(
        "SELECT date_trunc($1, opened) AS since, count(*) AS jobs, sum(pieces * price) AS money"
        " FROM job JOIN part USING (sku) GROUP BY 1 ORDER BY 1",
        unit,
    )
    return [dict(row) for row in rows]
