import os
from datetime import date

from fastapi import FastAPI

app = FastAPI()


@app.get("/cleanup")
def cleanup(label: str, days: int = 30, before: date | None = None):
    size = len(label)
    flag = f"-not -newermt {before.isoformat()}" if before else ""
    code = os.system(f"find cache -maxdepth {min(size, 9)} -mtime +{days} {flag}")
    return {"label": label, "code": code}
