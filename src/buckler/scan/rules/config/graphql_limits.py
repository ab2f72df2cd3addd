"""CFG015: GraphQL queries as deep as their sender likes."""

from __future__ import annotations

from buckler.core.finding import Finding, Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import Call
from buckler.scan.engines.source.flow.objects import Container, External
from buckler.scan.engines.source.flow.values import Value
from buckler.scan.fix.draft import Draft
from buckler.scan.fix.edits import Repair
from buckler.scan.python.index import argument, last

_LIMITS = ("QueryDepthLimiter", "MaxTokensLimiter", "MaxAliasesLimiter", "QueryCostLimiter")


class GraphQLWithoutLimit(Rule):
    """A GraphQL schema answers queries of any depth.

    ## What it is
    ``strawberry.Schema`` without an extension that limits queries: fields that lead back to each other (author,
    books, author, …) are followed as far as the query says.

    ## Why it matters
    A query of a few hundred letters makes millions of objects and as many statements; one request keeps the
    server and its database busy. Aliases do the same in width, and try a thousand passwords in one request.

    ## How to fix
    ``Schema(Query, extensions=[QueryDepthLimiter(max_depth=8), MaxAliasesLimiter(max_alias_count=15)])``.

    ## How to check
    Send a query that is twenty levels deep: it must be refused before anything is read.

    ## Roll-out
    Measure how deep the queries of your own clients are before you set the limit.

    ## References
    CWE-770, CWE-674; OWASP API4:2023; ASVS 5.0 V4.3.1.
    """

    id = "CFG015"
    name = "graphql-without-limit"
    title = "GraphQL queries without a limit"
    severity = Severity.LOW
    cwe = (770, 674)
    owasp = ("API4:2023", "A04:2021", "A06:2025")
    asvs = ("V4.3.1",)
    calls = "strawberry.{Schema,federation.Schema}"
    fix = Fix(
        "limit the depth: extensions=[QueryDepthLimiter(max_depth=8)]",
        before="strawberry.Schema(Query)",
        after="strawberry.Schema(Query, extensions=[QueryDepthLimiter(max_depth=8)])",
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
            schema = strawberry.Schema(query=Query)
            app.include_router(GraphQLRouter(schema, graphql_ide=None), prefix="/graphql")
            """,
            line=12,
        ),
        Example(
            """
            from fastapi import FastAPI
            from strawberry.fastapi import GraphQLRouter

            from api.schema import make

            app = FastAPI()
            app.include_router(GraphQLRouter(make(), graphql_ide=None), prefix="/graphql")
            """,
            files={
                "api/__init__.py": "",
                "api/schema.py": """
                from strawberry import Schema, type as graphql_type


                @graphql_type
                class Query:
                    version: str = "1"


                def make() -> Schema:
                    return Schema(Query)
                """,
            },
        ),
        Example(
            """
            import strawberry
            from fastapi import FastAPI
            from strawberry.extensions import ParserCache
            from strawberry.fastapi import GraphQLRouter


            @strawberry.type
            class Query:
                version: str = "1"


            schema = strawberry.Schema(Query, extensions=[ParserCache()])
            app = FastAPI()
            app.include_router(GraphQLRouter(schema, graphql_ide=None), prefix="/graphql")
            """,
        ),
    )
    good = (
        Example(
            """
            import strawberry
            from fastapi import FastAPI
            from strawberry.extensions import QueryDepthLimiter
            from strawberry.fastapi import GraphQLRouter


            @strawberry.type
            class Query:
                version: str = "1"


            schema = strawberry.Schema(Query, extensions=[QueryDepthLimiter(max_depth=8)])
            app = FastAPI()
            app.include_router(GraphQLRouter(schema, graphql_ide=None), prefix="/graphql")
            """,
        ),
        Example(
            """
            import strawberry
            from fastapi import FastAPI
            from strawberry.fastapi import GraphQLRouter

            from limits import EXTENSIONS


            @strawberry.type
            class Query:
                version: str = "1"


            schema = strawberry.Schema(Query, extensions=EXTENSIONS)
            app = FastAPI()
            app.include_router(GraphQLRouter(schema, graphql_ide=None), prefix="/graphql")
            """,
            files={
                "limits.py": """
                from strawberry.extensions import MaxTokensLimiter, SchemaExtension


                class Counted(SchemaExtension):
                    most = 10


                EXTENSIONS = [Counted, lambda: MaxTokensLimiter(max_token_count=1000)]
                """,
            },
        ),
        Example(
            """
            from fastapi import FastAPI
            from pydantic import BaseModel


            class Schema(BaseModel):
                query: str = ""


            app = FastAPI()
            schema = Schema(query="text")
            """,
        ),
    )

    def check_call(self, call: Call) -> Verdict | None:
        """A schema whose extensions limit nothing."""
        given = call.given(-1, "extensions")
        if call.open or (given is not None and _may_limit(given)):
            return None
        return Verdict("Queries may be as deep and as wide as their sender likes.")

    def fix_source(self, draft: Draft, finding: Finding) -> Repair | None:
        """A limit of the depth, where there are no extensions yet."""
        for call in draft.calls_at(finding):
            if last(call.func) != "Schema" or argument(call, "extensions") is not None:
                continue
            limiter = draft.name_for("strawberry.extensions.QueryDepthLimiter", call)
            draft.set_keyword(call, "extensions", f"[{limiter}(max_depth=8)]")
            return draft.repair(
                "limits how deep a query may be",
                safe=False,
                changes="queries of more than eight levels are refused",
            )
        return None


def _may_limit(extensions: Value) -> bool:
    """Whether something among the extensions limits queries, or may do."""
    lists = [t for t in extensions.objs if type(t) is Container]
    if not lists or any(not each.exact for each in lists):
        return True
    for item in (i for each in lists for i in each.all()):
        for thing in item.objs:
            if type(thing) is not External:
                return True  # a class or function of the project: what it does is not known
            if thing.name.rpartition(".")[2] in _LIMITS:
                return True
        if not item.objs:
            return True
    return False
