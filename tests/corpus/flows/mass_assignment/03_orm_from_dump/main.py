from fastapi import Depends, FastAPI
from sqlalchemy.orm import Session

from accounts import SignUp, create, session

app = FastAPI()


@app.post("/signup", status_code=201)
def signup(body: SignUp, db: Session = Depends(session)):
    account = create(db, body)
    return {"id": account.id, "email": account.email, "role": account.role}
