from fastapi import Depends, FastAPI
from fastapi.responses import Response

from reports import Report, make_report

app = FastAPI()


@app.get("/reports")
def report(report: Report = Depends(make_report)):
    return Response(report.data, headers=report.headers(), media_type="text/csv")
