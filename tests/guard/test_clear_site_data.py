"""Clear-Site-Data has the kinds that it was asked for, in quotes (W3C Clear Site Data, 3.1)."""

from __future__ import annotations

import pytest
from fastapi import FastAPI, Response

from buckler.core.errors import BucklerError
from buckler.guard import Guard, clear_site_data
from tests.guard.asgi import get


@pytest.mark.parametrize(
    ("kinds", "value"),
    [
        ((), '"cache", "cookies", "storage"'),
        (("cookies",), '"cookies"'),
        (("clientHints", "cache"), '"clientHints", "cache"'),
    ],
)
def test_the_answer_has_it(kinds: tuple[str, ...], value: str) -> None:
    app = FastAPI()

    @app.get("/")
    async def leave(response: Response) -> None:
        clear_site_data(response, *kinds)

    Guard(app)
    assert get(app).header("clear-site-data") == value


def test_an_unknown_kind_is_an_error_that_says_what_to_name() -> None:
    response = Response()
    with pytest.raises(BucklerError, match="'cookie' is unknown") as caught:
        clear_site_data(response, "cookie")
    assert caught.value.code == "guard.option"
    assert "cookies" in caught.value.hint
    assert "clear-site-data" not in response.headers
