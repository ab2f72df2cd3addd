"""ACC016: mutations of a GraphQL schema that nobody is asked to sign in for."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from buckler.core.finding import Severity
from buckler.core.rule import Example, Fix, Rule
from buckler.scan.engines.interface import Verdict
from buckler.scan.engines.source.flow.interface import Call
from buckler.scan.engines.source.flow.objects import ClassObject, External, things
from buckler.scan.engines.source.flow.values import Value

_ROUTERS = frozenset({"GraphQLRouter", "GraphQL"})
_ASKS = ("permission", "context", "user", "principal", "authenticat", "auth")


class OpenGraphqlMutation(Rule):
    """A GraphQL router offers mutations, and nothing on the way asks who sends them.

    ## What it is
    A schema with mutations is mounted without ``dependencies``, without a ``context_getter``, and its mutations have no
    ``permission_classes`` and do not look at ``info.context``.

    ## Why it matters
    One address takes every mutation of the schema, and introspection lists them: anybody can change what they change.

    ## How to fix
    ``permission_classes=[IsAuthenticated]`` at each mutation, or ``dependencies=[Depends(current_user)]`` at the router.
    ``Guard`` of ``buckler.guard`` refuses routes that state no policy, this one too.

    ## How to check
    Send a mutation without a credential: the answer must hold an error and nothing may have changed.

    ## Roll-out
    Clients that sent no credential have to; start with the mutations, queries next.

    ## References
    CWE-306, CWE-862; OWASP API5:2023; ASVS 5.0 V4.3.2, V8.2.1.
    """

    id = "ACC016"
    name = "open-graphql-mutation"
    title = "GraphQL mutation without authentication"
    severity = Severity.HIGH
    cwe = (306, 862)
    owasp = ("API5:2023", "A01:2021", "A01:2025")
    asvs = ("V4.3.2", "V8.2.1")
    control = "guard.Guard"
    calls = "fastapi.APIRouter.{include_router,mount,add_route} starlette.routing.Mount"
    fix = Fix(
        "permission_classes=[IsAuthenticated] at the mutations, or dependencies at the router",
        before="app.include_router(GraphQLRouter(schema))",
        after="app.include_router(GraphQLRouter(schema), dependencies=[Depends(current_user)])",
    )
    bad = (
        Example(
            """
            import strawberry
            from fastapi import FastAPI
            from strawberry.fastapi import GraphQLRouter

            NOTES: list[str] = []


            @strawberry.type
            class Query:
                @strawberry.field
                def count(self) -> int:
                    return len(NOTES)


            @strawberry.type
            class Mutation:
                @strawberry.mutation
                def clear(self) -> bool:
                    NOTES.clear()
                    return True


            schema = strawberry.Schema(query=Query, mutation=Mutation)
            app = FastAPI()
            app.include_router(GraphQLRouter(schema), prefix="/graphql")
            """,
            line=25,
        ),
        Example(
            """
            from fastapi import FastAPI
            from strawberry.asgi import GraphQL

            from shop_schema import schema

            app = FastAPI()
            app.mount("/graphql", GraphQL(schema))
            """,
            files={
                "shop_schema.py": """
                import strawberry

                from changes import Changes


                @strawberry.type
                class Query:
                    @strawberry.field
                    def name(self) -> str:
                        return "shop"


                schema = strawberry.Schema(query=Query, mutation=Changes)
                """,
                "changes.py": """
                import strawberry

                PRICES = {"tea": 3}


                @strawberry.type
                class Changes:
                    @strawberry.mutation
                    async def set_price(self, name: str, price: int) -> int:
                        PRICES[name] = price
                        return price
                """,
            },
        ),
        Example(
            """
            import strawberry
            from fastapi import APIRouter, FastAPI
            from strawberry.fastapi import GraphQLRouter


            @strawberry.type
            class Query:
                @strawberry.field
                def name(self) -> str:
                    return "mill"


            @strawberry.type
            class Mutation:
                @strawberry.field
                def rename(self, name: str) -> str:
                    return name


            inner = GraphQLRouter(strawberry.Schema(Query, Mutation), path="/graphql")
            router = APIRouter()
            router.include_router(inner)
            app = FastAPI()
            app.include_router(router)
            """,
        ),
    )
    good = (
        Example(
            """
            import strawberry
            from fastapi import Depends, FastAPI, Header, HTTPException
            from strawberry.fastapi import GraphQLRouter


            def user(authorization: str = Header(default="")) -> str:
                if not authorization:
                    raise HTTPException(401)
                return authorization


            @strawberry.type
            class Query:
                @strawberry.field
                def name(self) -> str:
                    return "mill"


            @strawberry.type
            class Mutation:
                @strawberry.mutation
                def rename(self, name: str) -> str:
                    return name


            schema = strawberry.Schema(query=Query, mutation=Mutation)
            app = FastAPI()
            app.include_router(GraphQLRouter(schema), prefix="/graphql", dependencies=[Depends(user)])
            """,
        ),
        Example(
            """
            import strawberry
            from fastapi import FastAPI
            from strawberry.fastapi import GraphQLRouter
            from strawberry.permission import BasePermission


            class SignedIn(BasePermission):
                message = "sign in first"

                def has_permission(self, source, info, **kwargs) -> bool:
                    return "authorization" in info.context["request"].headers


            @strawberry.type
            class Query:
                @strawberry.field
                def name(self) -> str:
                    return "mill"


            @strawberry.type
            class Mutation:
                @strawberry.mutation(permission_classes=[SignedIn])
                def rename(self, name: str) -> str:
                    return name


            app = FastAPI()
            app.include_router(GraphQLRouter(strawberry.Schema(query=Query, mutation=Mutation)))
            """,
        ),
        Example(
            """
            import strawberry
            from fastapi import FastAPI
            from strawberry.fastapi import GraphQLRouter


            @strawberry.type
            class Query:
                @strawberry.field
                def name(self) -> str:
                    return "mill"


            app = FastAPI()
            app.include_router(GraphQLRouter(strawberry.Schema(query=Query)), prefix="/graphql")
            """,
        ),
    )

    def check_call(self, call: Call) -> Verdict | None:
        """Routers with a schema, where they are included: all that could ask is known there."""
        asked = [call.given(-1, "dependencies")]
        asked += [t.named.get("dependencies") for t in things(call.receiver, External)]
        if call.open or any(value is not None for value in asked):
            return None
        for value in call.every:
            for router in things(value, External):
                if router.name.rpartition(".")[2] in _ROUTERS and not {
                    "dependencies",
                    "context_getter",
                } & set(router.named):
                    name = next(_open_mutations(router), "")
                    if name:
                        return Verdict(
                            f"The mutation {name} of the GraphQL schema can be sent by anybody."
                        )
        return None


def _open_mutations(router: External) -> Iterator[str]:
    schema = router.named.get("schema") or (router.given[0] if router.given else Value())
    for made in things(schema, External):
        if "extensions" in made.named:
            continue
        mutation = made.named.get("mutation") or (made.given[1] if len(made.given) > 1 else Value())
        for cls in things(mutation, ClassObject):
            for one in cls.line_of_descent():
                for node in one.node.body:
                    if (
                        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                        and node.decorator_list
                    ):
                        words = ast.unparse(node).lower()
                        if not node.name.startswith("_") and not any(ask in words for ask in _ASKS):
                            yield node.name
