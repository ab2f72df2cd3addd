"""ACC012: a table model as the body of a request."""

from __future__ import annotations

from collections.abc import Iterable

from buckler.core.finding import Confidence, Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.observations import Observations
from buckler.scan.model.application import AppModel
from buckler.scan.rules._support.evidence import at, shown


class TableModelAsBody(Rule):
    """An SQLModel class with ``table=True`` is the body, so nothing of it is validated.

    ## What it is
    SQLModel does not validate table models: types, bounds and lengths of the fields are ignored when a
    request is read into one. And every column of the table can be sent, the key included.

    ## Why it matters
    Values reach the database that the model forbids, and callers set columns that are not theirs to
    set: the owner, a flag, the primary key.

    ## How to fix
    Write a model without ``table=True`` for what may be sent, and make the row from it:
    ``Review(**payload.model_dump(), user_id=user.id)``.
    ``buckler.guard.StrictModel`` is a base for it that checks texts, numbers and extra fields.

    ## How to check
    Send a text for a number: it must answer 422.

    ## Roll-out
    Callers whose values were never checked get 422; look at the stored rows for values that the model
    forbids.

    ## References
    CWE-20, CWE-915; OWASP API3:2023; ASVS 5.0 V2.2.1, V15.3.3.
    """

    id = "ACC012"
    name = "table-model-as-body"
    title = "Table model as body"
    severity = Severity.MEDIUM
    cwe = (20, 915)
    owasp = ("API3:2023", "A08:2021", "A08:2025")
    asvs = ("V2.2.1", "V15.3.3")
    control = "guard.StrictModel"
    fix = Fix(
        "take a model without table=True and make the row from it",
        before="def add(review: Review): …",
        after="def add(payload: ReviewIn):\n    review = Review(**payload.model_dump(), user_id=user.id)",
    )
    bad = (
        Example(
            """
            from fastapi import FastAPI
            from sqlmodel import Field, SQLModel

            app = FastAPI()


            class Review(SQLModel, table=True):
                id: int | None = Field(default=None, primary_key=True)
                rating: int = Field(default=5, ge=1, le=5)
                text: str = Field(default="", max_length=200)


            @app.post("/reviews", status_code=201)
            def add(review: Review) -> dict[str, object]:
                return {"rating": review.rating}
            """,
            line=14,
        ),
    )
    good = (
        Example(
            """
            from fastapi import FastAPI
            from sqlmodel import Field, SQLModel

            app = FastAPI()


            class ReviewIn(SQLModel):
                rating: int = Field(default=5, ge=1, le=5)
                text: str = Field(default="", max_length=200)


            class Review(ReviewIn, table=True):
                id: int | None = Field(default=None, primary_key=True)


            @app.post("/reviews", status_code=201)
            def add(payload: ReviewIn) -> dict[str, object]:
                review = Review(**payload.model_dump())
                return {"rating": review.rating}
            """,
        ),
    )

    def check_observations(self, app: AppModel, seen: Observations) -> Iterable[Finding]:
        """Operations whose body is a row of a table."""
        for operation in app.operations:
            body = operation.body
            field = next((f for f in body.fields if f.table), None) if body else None
            if body is None or field is None:
                continue
            exchange = seen.unvalidated.get(operation.key)
            why = "a value that the model forbids reached the handler"
            yield self.found(
                f"The body of {operation.key} is the table model {field.type}: nothing of it is validated.",
                confidence=Confidence.PROVED if exchange else Confidence.OBSERVED,
                location=at(operation, f"json:{field.name if body.embed else ''}"),
                proof=(shown(exchange, seen.identities, why=why),) if exchange else (),
            )
