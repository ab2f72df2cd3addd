from urllib.parse import urlsplit

from starlette.responses import RedirectResponse


class ReturnTo:
    def __init__(self, target: str) -> None:
        self.target = target

    @property
    def is_local(self) -> bool:
        parts = urlsplit(self.target)
        return not parts.scheme and not parts.netloc

    def response(self) -> RedirectResponse:
        if self.is_local and self.target.startswith("/login"):
            return RedirectResponse("/")
        return RedirectResponse(self.target)
