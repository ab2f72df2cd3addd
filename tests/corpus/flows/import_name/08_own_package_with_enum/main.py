from enum import Enum
from importlib import import_module

from fastapi import FastAPI


class Report(str, Enum):
    daily = "daily"
    weekly = "weekly"


app = FastAPI()


@app.get("/reports/{report}")
def run_report(report: Report):
    module = import_module(f"reports.{report.value}")
    return {"rows": module.rows()}
