from urllib.parse import urlsplit

from starlette.responses import RedirectResponse


class ReturnTo:
    def __init__(self, target: str) -> None:
        self.target = target

    @property
    def is_local(self) -> bool:
        if not self.target.isprintable() or "\\" in self.target:
            return False
        parts = urlsplit(self.target)
        if parts.scheme or parts.netloc:
            return False
        return self.target.startswith("/") and not self.target.startswith("//")

    def response(self) -> RedirectResponse:
        if not self.is_local:
            return RedirectResponse("/")
        return RedirectResponse(self.target)
