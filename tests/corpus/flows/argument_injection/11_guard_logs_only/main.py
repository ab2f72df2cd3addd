from fastapi import Depends, FastAPI, Form

from mirror import Mirror

app = FastAPI()


@app.post("/mirror")
def mirror(source: str = Form(), job: Mirror = Depends(Mirror)):
    return {"code": job(source)}
