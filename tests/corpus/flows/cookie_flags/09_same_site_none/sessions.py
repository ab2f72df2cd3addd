import secrets

from fastapi import Response


class Sessions:
    name = "session"
    same_site = "none"

    def attach(self, response: Response, user: str) -> None:
        value = f"{user}.{secrets.token_urlsafe(24)}"
        response.set_cookie(self.name, value, secure=True, httponly=True, samesite=self.same_site)
