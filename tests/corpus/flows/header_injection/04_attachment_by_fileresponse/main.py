from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse

app = FastAPI()
Path("report.csv").write_text("year\n2024\n")


@app.get("/reports")
def report(name: str):
    return FileResponse("report.csv", filename=name + ".csv", media_type="text/csv")
