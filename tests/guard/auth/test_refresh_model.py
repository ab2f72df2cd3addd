"""Refresh families against a naive model: a client with losses, and a thief who copied a token, in every order.

The model knows who holds which token and nothing of heads and digests: the family ends as soon as a token is used
though one that came out of it, or out of a brother of it, has been used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from buckler.guard import RefreshRotation, SecurityEvent, TokenError
from buckler.guard.stores.memory import MemoryStores
from tests.guard.auth.tokens import Clock


@dataclass(eq=False)
class Node:
    """A token as the model sees it: whose successor it is, and whether it was used."""

    parent: Node | None
    used: bool = False
    children: list[Node] = field(default_factory=list)

    def reused(self) -> bool:
        """Whether a use now shows two holders."""
        later = any(child.used for child in self.children)
        brother = self.parent is not None and any(
            other.used for other in self.parent.children if other is not self
        )
        return later or (brother and not self.used)


class Families(RuleBasedStateMachine):
    """One family, many holders, a clock that stands."""

    copies = Bundle("copies")

    def __init__(self) -> None:
        super().__init__()
        self.events: list[SecurityEvent] = []
        clock = Clock()
        self.rotation = RefreshRotation(
            MemoryStores(clock=clock).refresh, tell=self.events.append, clock=clock
        )
        self.owner = anyio.run(self.rotation.begin, "user-1").token
        self.nodes = {self.owner: Node(None)}
        self.ended = False
        self.alone = True

    @rule(target=copies)
    def somebody_copies_what_the_owner_holds(self) -> str:
        return self.owner

    @rule(target=copies, copy=copies)
    def somebody_uses_a_copy(self, copy: str) -> object:
        self.alone = False
        return self.use(copy) or multiple()

    @rule(lost=st.integers(0, 3))
    def the_owner_goes_on(self, lost: int) -> None:
        """However many answers do not arrive, the owner keeps the session as long as nobody else comes."""
        found = [self.use(self.owner) for _ in range(lost + 1)]
        assert not self.alone or all(found)
        self.owner = found[-1] or self.owner

    @invariant()
    def one_event_at_the_end(self) -> None:
        assert len(self.events) == (1 if self.ended else 0)

    def use(self, token: str) -> str:
        """The successor, or nothing where the token is refused: as the model says, and for its reason."""
        node = self.nodes[token]
        expected = "revoked" if self.ended else "reused" if node.reused() else "good"
        try:
            following = anyio.run(self.rotation.rotate, token).token
        except TokenError as error:
            reason, following = error.reason, ""
        else:
            reason = "good"
            node.used = True
            self.nodes[following] = Node(node)
            node.children.append(self.nodes[following])
        assert reason == expected
        self.ended = self.ended or reason == "reused"
        return following


TestFamilies = Families.TestCase
TestFamilies.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)


class Interleaved:
    """A store whose calls come and go in the order that was drawn."""

    def __init__(self, store: Any, pauses: list[int]) -> None:
        self.store = store
        self.pauses = pauses

    def __getattr__(self, name: str) -> Any:
        async def call(*args: Any, **options: Any) -> Any:
            for _ in range(self.pauses.pop() if self.pauses else 0):
                await anyio.lowlevel.checkpoint()
            found = await getattr(self.store, name)(*args, **options)
            for _ in range(self.pauses.pop() if self.pauses else 0):
                await anyio.lowlevel.checkpoint()
            return found

        return call


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(0, 6), max_size=80),
    st.integers(1, 6),
    st.integers(0, 5),
    st.sampled_from(["asyncio", "trio"]),
)
def test_requests_of_one_client_that_overlap(
    pauses: list[int], together: int, kept: int, backend: str
) -> None:
    events: list[SecurityEvent] = []

    async def main() -> None:
        clock = Clock()
        store: Any = Interleaved(MemoryStores(clock=clock).refresh, pauses)
        rotation = RefreshRotation(store, tell=events.append, clock=clock)
        token = (await rotation.begin("user-1")).token
        for _ in range(3):
            before, answers = token, []

            async def use(token: str = before, answers: list[str] = answers) -> None:
                answers.append((await rotation.rotate(token)).token)

            async with anyio.create_task_group() as group:
                for _ in range(together):
                    group.start_soon(use)
            # Each was answered; the client keeps one of the answers and goes on.
            assert len({*answers}) == together
            token = answers[kept % together]
        used = (await rotation.rotate(token)).token
        assert events == []
        # Whoever kept one of the others is seen.
        for stranger in [one for one in answers if one != token][:1]:
            with pytest.raises(TokenError):
                await rotation.rotate(stranger)
            with pytest.raises(TokenError):
                await rotation.rotate(used)
            assert len(events) == 1

    anyio.run(main, backend=backend)
