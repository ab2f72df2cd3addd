from starlette.responses import Response


def remember(response: Response, token: str, days: int) -> None:
    response.set_cookie("session", token, max_age=days * 86400, httponly=True, samesite="lax")
