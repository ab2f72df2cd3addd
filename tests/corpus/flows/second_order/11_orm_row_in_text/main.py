from fastapi import Body, Depends, FastAPI
from sqlmodel import Session

from reporting import Report, run, session

app = FastAPI()


@app.put("/reports/{number}")
def save(number: int, column: str = Body(embed=True), db: Session = Depends(session)):
    report = db.get(Report, number) or Report(id=number, column="")
    report.column = column
    db.add(report)
    db.commit()
    return {"saved": number}


@app.get("/reports/{number}")
def show(number: int, db: Session = Depends(session)):
    return {"rows": run(db, number)}
