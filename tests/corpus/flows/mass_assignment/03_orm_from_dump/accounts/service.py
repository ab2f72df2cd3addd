from .database import Account


def create(db, body):
    account = Account(**body.model_dump(exclude={"newsletter"}))
    db.add(account)
    db.commit()
    return account
