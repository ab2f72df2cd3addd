"""The customer's own account."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import select

from app.db import SessionDep
from app.deps import CurrentUser, Member
from app.models import Address, Registry, User
from app.schemas import (
    AddressIn,
    AddressOut,
    Answer,
    ProfileChange,
    RegistryIn,
    UserPublic,
)

router = APIRouter(prefix="/accounts", tags=["accounts"])


@router.get("/me", response_model=UserPublic)
async def read_me(user: CurrentUser) -> User:
    """The own account."""
    return user


@router.get("/me/export", response_model=None)
async def export_me(user: CurrentUser) -> User:
    """Everything we keep about the customer."""
    return user


@router.patch("/me", response_model=UserPublic)
async def change_me(payload: ProfileChange, user: CurrentUser, session: SessionDep) -> User:
    """Change the own account."""
    for field, value in payload.model_dump(exclude_unset=True).items():
        setattr(user, field, value)
    await session.commit()
    return user


@router.get("/points")
async def read_points(user: Member) -> dict[str, int]:
    """Loyalty points."""
    return {"points": user.points}


@router.get("/addresses", response_model=list[AddressOut])
async def list_addresses(user: CurrentUser, session: SessionDep) -> list[Address]:
    """The own addresses."""
    found = await session.scalars(select(Address).where(Address.user_id == user.id).limit(50))
    return list(found)


@router.put("/addresses/{address_id}", response_model=AddressOut)
async def change_address(
    address_id: int, payload: AddressIn, user: CurrentUser, session: SessionDep
) -> Address:
    """Correct an address."""
    address = await session.get(Address, address_id)
    if address is None:
        raise HTTPException(404, "No such address")
    for field in ("street", "city", "postcode"):
        setattr(address, field, getattr(payload, field))
    await session.commit()
    return address


@router.post("/registries", status_code=201)
async def create_registry(payload: RegistryIn, user: CurrentUser, session: SessionDep) -> Answer:
    """Start a wedding list."""
    registry = Registry(user_id=user.id, title=payload.title, password=payload.password)
    session.add(registry)
    await session.commit()
    return Answer(data={"id": registry.id})
