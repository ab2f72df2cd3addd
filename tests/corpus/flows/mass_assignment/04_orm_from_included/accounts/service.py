from .database import Account


def create(db, body):
    account = Account(**body.model_dump(include={"email"}))
    db.add(account)
    db.commit()
    return account
