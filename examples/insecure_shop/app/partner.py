"""The interface for partners: an application of its own, with keys instead of users."""

from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from app.deps import require_partner

partner_app = FastAPI(title="Acorn & Oak for partners", openapi_url=None)
partner_app.add_middleware(
    CORSMiddleware, allow_origins=["*"], allow_credentials=True, allow_methods=["*"]
)


class Quote(BaseModel):
    """What a partner wants to buy."""

    pieces: Annotated[int, Field(ge=0, le=100_000)] = 10
    pallets: Annotated[int, Field(ge=0, le=1_000)] = 1


@partner_app.exception_handler(Exception)
async def on_error(request: Request, problem: Exception) -> JSONResponse:
    """Partners' programs expect an answer in the usual form."""
    return JSONResponse({"ok": False, "detail": "No quote"}, status_code=200)


@partner_app.post("/quotes")
async def make_quote(
    quote: Quote, partner: Annotated[str, Depends(require_partner)]
) -> dict[str, object]:
    """A price for many pieces."""
    per_pallet = quote.pieces // quote.pallets
    return {"partner": partner, "per_pallet": per_pallet, "cents": quote.pieces * 700}
