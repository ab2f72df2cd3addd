import sqlite3

import jwt


class BadToken(Exception):
    pass


class Verifier:
    def __init__(self, path: str) -> None:
        self.db = sqlite3.connect(path, check_same_thread=False)
        self.db.execute("CREATE TABLE IF NOT EXISTS keys (kid TEXT, secret TEXT)")

    def key(self, kid: str) -> str:
        row = self.db.execute("SELECT secret FROM keys WHERE kid = ?", (kid,)).fetchone()
        if row is None:
            raise BadToken(kid)
        return row[0]

    def claims(self, token: str) -> dict:
        try:
            kid = jwt.get_unverified_header(token).get("kid", "default")
            return jwt.decode(token, self.key(kid), algorithms=["HS256"])
        except jwt.InvalidTokenError as error:
            raise BadToken(str(error)) from error
