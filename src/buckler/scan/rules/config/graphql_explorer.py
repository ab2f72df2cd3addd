"""CFG014: a GraphQL service that explains itself to everybody."""

from __future__ import annotations

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import Call
from buckler.scan.engines.source.flow.values import Value, only, truth
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.index import argument, last

_ROUTERS = ("GraphQLRouter", "GraphQL", "GraphQLApp")


class GraphQLExplorer(Rule):
    """The explorer of a GraphQL service is on, and its schema is read by anybody.

    ## What it is
    strawberry and ariadne serve GraphiQL at the address of the service unless they are told not to, and answer
    introspection.

    ## Why it matters
    The whole schema, with queries and mutations that no page of yours uses, is read in one request: a map
    for an attacker, and the page loads its scripts from elsewhere.

    ## How to fix
    ``GraphQLRouter(schema, graphql_ide=None)`` and the extension ``DisableIntrospection`` outside of development; in ariadne
    ``explorer=None, introspection=False``.

    ## How to check
    ``GET /graphql`` with ``Accept: text/html`` must not give a page, ``{__schema{types{name}}}`` no schema.

    ## Roll-out
    Give client developers the schema as a file of the repository.

    ## References
    CWE-200, CWE-497; OWASP API8:2023, API9:2023; ASVS 5.0 V4.3.2.
    """

    id = "CFG014"
    name = "graphql-explorer-open"
    title = "GraphQL explorer open"
    severity = Severity.LOW
    cwe = (200, 497)
    owasp = ("API8:2023", "A05:2021", "A02:2025")
    asvs = ("V4.3.2",)
    calls = "strawberry.{fastapi.GraphQLRouter,asgi.GraphQL} starlette_graphene3.GraphQLApp ariadne.asgi.GraphQL"
    fix = Fix(
        "leave the explorer out: graphql_ide=None",
        before="GraphQLRouter(schema)",
        after="GraphQLRouter(schema, graphql_ide=None)",
    )
    bad = (
        Example(
            """
            import strawberry
            from fastapi import FastAPI
            from strawberry.fastapi import GraphQLRouter


            @strawberry.type
            class Query:
                version: str = "1"


            app = FastAPI()
            app.include_router(GraphQLRouter(strawberry.Schema(Query)), prefix="/graphql")
            """,
            line=12,
        ),
        Example(
            """
            from fastapi import FastAPI

            from options import EXPLORER
            from schema import schema
            from strawberry.asgi import GraphQL

            app = FastAPI()
            app.mount("/graphql", GraphQL(schema, graphql_ide=EXPLORER))
            """,
            files={
                "options.py": 'EXPLORER = "apollo-sandbox"',
                "schema.py": """
                import strawberry


                @strawberry.type
                class Query:
                    version: str = "1"


                schema = strawberry.Schema(Query)
                """,
            },
        ),
        Example(
            """
            from ariadne import QueryType, make_executable_schema
            from ariadne.asgi import GraphQL
            from fastapi import FastAPI

            query = QueryType()
            schema = make_executable_schema("type Query { version: String }", query)
            app = FastAPI()
            app.mount("/graphql", GraphQL(schema, debug=True))
            """,
        ),
    )
    good = (
        Example(
            """
            import strawberry
            from fastapi import FastAPI
            from strawberry.extensions import DisableIntrospection, QueryDepthLimiter
            from strawberry.fastapi import GraphQLRouter


            @strawberry.type
            class Query:
                version: str = "1"


            app = FastAPI()
            schema = strawberry.Schema(Query, extensions=[DisableIntrospection, QueryDepthLimiter(8)])
            app.include_router(GraphQLRouter(schema, graphql_ide=None), prefix="/graphql")
            """,
        ),
        Example(
            """
            import os

            import strawberry
            from fastapi import FastAPI
            from strawberry.fastapi import GraphQLRouter


            @strawberry.type
            class Query:
                version: str = "1"


            EXPLORER = "graphiql" if os.environ.get("DEVELOPMENT") else None
            app = FastAPI()
            app.include_router(GraphQLRouter(strawberry.Schema(Query), graphql_ide=EXPLORER), prefix="/graphql")
            """,
        ),
        Example(
            """
            from fastapi import FastAPI


            class GraphQLRouter:
                def __init__(self, schema: str) -> None:
                    self.schema = schema


            router = GraphQLRouter("type Query { version: String }")
            app = FastAPI()
            """,
        ),
    )

    def check_call(self, call: Call) -> Verdict | None:
        """A service whose explorer nobody has turned off."""
        if call.open:
            return None
        for name in ("graphql_ide", "graphiql", "explorer"):
            given = call.given(-1, name)
            if given is not None:
                return self._verdict() if _is_on(given) else None
        if call.name.endswith("GraphQLApp"):
            handler = call.given(-1, "on_get")
            return self._verdict() if handler is not None and truth(handler) is not False else None
        return self._verdict()

    def _verdict(self) -> Verdict:
        return Verdict(
            "The explorer of the GraphQL service is on: everybody reads its whole schema."
        )

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """No explorer."""
        for call in draft.calls_at(finding):
            if last(call.func) not in _ROUTERS:
                continue
            package = draft.index.name(call.func).partition(".")[0]
            name = {"strawberry": "graphql_ide", "ariadne": "explorer"}.get(package)
            if name is None or argument(call, "graphiql") is not None:
                return None
            draft.set_keyword(call, name, "None")
            return draft.repair(
                "leaves the explorer out", safe=False, changes="the page of the explorer is gone"
            )
        return None


def _is_on(given: Value) -> bool:
    if given.alts is None and not given.objs:
        return False
    item = only(given)
    return truth(given) is True or (isinstance(item, str) and bool(item))
