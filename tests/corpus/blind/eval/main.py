import ast
import importlib
import re
from typing import Annotated, Literal

from fastapi import Depends, FastAPI, Form, Header, HTTPException, Request
from pydantic import BaseModel, Field, field_validator

import formulas

EXPORTERS = {"json": "json", "text": "pprint"}
app = FastAPI(title="Pocket sheets")


class Cell(BaseModel):
    name: str = "total"
    formula: str = Field(default="1 + 2", max_length=200)


class Sheet(BaseModel):
    title: str = "budget"
    cells: list[Cell] = [Cell()]


class Discount(BaseModel):
    price: float = 100.0
    share: float = Field(default=0.1, examples=["0.1"])

    @field_validator("share", mode="before")
    @classmethod
    def as_number(cls, value):
        if isinstance(value, str):
            try:
                return float(eval(value))
            except Exception:
                raise ValueError("not a share") from None
        return value


class Tariff(BaseModel):
    steps: list[float] = Field(default=[1.0], examples=["[1.0, 2.5]"])

    @field_validator("steps", mode="before")
    @classmethod
    def as_list(cls, value):
        return ast.literal_eval(value) if isinstance(value, str) else value


class Column:
    def __init__(self, x_column: Annotated[str, Header()] = "value * 2"):
        self.code = compile(f"lambda value: ({x_column})", "<column>", "eval")


@app.get("/calc")
def calc(expression: str = "2 * 21"):
    try:
        return {"value": str(eval(expression.strip(), {"__name__": "sheet"}))}
    except Exception:
        raise HTTPException(422, "cannot be worked out") from None


@app.get("/calc/tree")
def calc_tree(expression: str = "2 * 21"):
    try:
        return {"value": formulas.walk(ast.parse(expression, mode="eval").body)}
    except (ValueError, SyntaxError, ArithmeticError, RecursionError):
        raise HTTPException(422, "cannot be worked out") from None


@app.post("/sheets")
def fill(sheet: Sheet):
    return {cell.name: formulas.runner(cell.formula)() for cell in sheet.cells}


@app.post("/sheets/numbers")
def fill_numbers(sheet: Sheet):
    values = {}
    for cell in sheet.cells:
        try:
            values[cell.name] = repr(ast.literal_eval(cell.formula))
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            values[cell.name] = None
    return values


@app.post("/discounts")
def discount(order: Discount):
    return {"price": order.price * (1 - order.share)}


@app.post("/tariffs")
def tariff(order: Tariff):
    return {"sum": sum(order.steps)}


@app.get("/columns")
def columns(column: Annotated[Column, Depends()]):
    apply = eval(column.code)
    return {"values": [str(apply(value)) for value in (1, 2, 3)]}


@app.get("/columns/stats")
def column_stats(kind: Literal["count", "index"] = "count", value: int = 1):
    return {"answer": getattr([1, 2, 1], kind)(value)}


@app.post("/plugins/{name}")
async def plugin(name: str, request: Request):
    try:
        module = importlib.import_module(name if "." in name else "plugins." + name)
    except (ImportError, ValueError):
        return {"loaded": None}
    return {"loaded": module.__name__, "bytes": len(await request.body())}


@app.post("/exporters/{name}")
def exporter(name: str):
    module = importlib.import_module(EXPORTERS.get(name, "json"))
    return {"loaded": module.__name__}


@app.post("/filters")
def matching(words: Annotated[str, Form()] = "alpha"):
    pattern = re.compile(re.escape(words))
    return {"hits": [w for w in ("alpha", "beta") if pattern.search(w)]}
