from starlette.responses import RedirectResponse, Response


class Navigator:
    def __init__(self, home: str) -> None:
        self.home = home

    def local(self, target: str) -> bool:
        return target.startswith("/")

    def go(self, target: str) -> Response:
        if not self.local(target):
            return RedirectResponse(self.home)
        return RedirectResponse(target, status_code=302)
