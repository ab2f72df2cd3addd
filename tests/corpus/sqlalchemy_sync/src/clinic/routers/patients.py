from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field
from sqlalchemy import asc, desc, func, literal_column, select, text

from ..db import Db, Me
from ..models import Patient

router = APIRouter(tags=["patients"])
COLUMNS = {column.key: column for column in Patient.__table__.columns}


class Note(BaseModel):
    note: str = Field(max_length=400, examples=["slept well"])


class Filter(BaseModel):
    column: str = Field(default="ward", max_length=100)
    value: str = Field(default="east", max_length=100)


class Query_(BaseModel):
    filters: list[Filter] = Field(default=[Filter()], max_length=10)


def shown(patient: Patient) -> dict:
    return {"id": patient.id, "name": patient.name, "ward": patient.ward}


@router.get("")
def list_patients(
    db: Db, me: Me, sort: str = "name", limit: Annotated[int, Query(ge=1, le=100)] = 20
):
    down = sort.startswith("-")
    column = COLUMNS.get(sort.lstrip("-"), Patient.name)
    order = desc(column) if down else asc(column)
    statement = select(Patient).where(Patient.carer_id == me.id).order_by(order)
    return [shown(p) for p in db.scalars(statement.limit(limit))]


@router.get("/wards")
def wards(db: Db, me: Me, by: str = "ward"):
    statement = select(literal_column(by), func.count()).select_from(Patient)
    statement = statement.where(Patient.carer_id == me.id).group_by(text("1"))
    return [list(row) for row in db.execute(statement)]


@router.post("/query")
def query(db: Db, me: Me, wanted: Query_):
    statement = select(Patient).where(Patient.carer_id == me.id)
    for item in wanted.filters:
        statement = statement.where(text(f"{item.column} = :value").bindparams(value=item.value))
    return [shown(p) for p in db.scalars(statement)]


@router.post("/match")
def match(db: Db, me: Me, wanted: Query_):
    statement = select(Patient).where(Patient.carer_id == me.id)
    for item in wanted.filters:
        if item.column in COLUMNS:
            statement = statement.where(COLUMNS[item.column] == item.value)
    return [shown(p) for p in db.scalars(statement)]


@router.get("/{patient_id}")
def one(patient_id: int, db: Db, me: Me):
    patient = db.get(Patient, patient_id)
    if patient is None or patient not in me.patients:
        raise HTTPException(404)
    return {**shown(patient), "note": patient.note}


@router.put("/{patient_id}/note")
def write_note(patient_id: int, note: Note, db: Db, me: Me):
    patient = db.get(Patient, patient_id)
    if patient is None:
        raise HTTPException(404)
    patient.note = note.note
    db.commit()
    return {"by": me.email, "note": patient.note}
