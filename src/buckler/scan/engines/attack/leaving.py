"""Operations that end the session of whoever calls them, by what they do and not by their name.

Everything that is asked for after such a call would be asked as nobody. So whoever was thrown out
signs in again, and the operation waits until nothing depends on a session any more.
"""

from __future__ import annotations

from buckler.scan.engines.attack.identities import is_known, sign_in
from buckler.scan.engines.attack.run import Run
from buckler.scan.engines.interface import Exchange


def left(run: Run, exchange: Exchange, name: str) -> bool:
    """Whether an identity is not known any more after an exchange of its own."""
    operation, answer = exchange.operation, exchange.answer
    if operation is None or not exchange.reached or not answer.ok:
        return False
    told = bool(answer.all_headers("set-cookie")) or bool(answer.header("clear-site-data"))
    says_little = operation.changes_state and not (operation.body and operation.body.is_json)
    return (told or says_little) and is_known(run, name) is False


def return_as(run: Run, name: str) -> None:
    """Sign an identity in again."""
    for item in run.settings.identities:
        made = sign_in(run, item) if item.name == name else None
        if made is not None:
            run.identities[name] = made
