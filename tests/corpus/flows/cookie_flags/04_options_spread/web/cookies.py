from starlette.responses import Response

FLAGS = {"httponly": True, "secure": True, "samesite": "lax"}


def remember(response: Response, token: str, days: int) -> None:
    response.set_cookie("session", token, max_age=days * 86400, **FLAGS)
