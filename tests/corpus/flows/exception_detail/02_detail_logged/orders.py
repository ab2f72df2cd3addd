def load(number: int) -> dict:
    raise OSError("cannot open /srv/shop/orders.db")
