"""The customer's own account."""

from fastapi import APIRouter
from sqlalchemy import select

from app.db import SessionDep
from app.deps import CurrentUser, OwnAddress
from app.models import Address, User
from app.schemas import AddressIn, AddressOut, NameChange, UserOut

router = APIRouter(prefix="/accounts", tags=["accounts"])


@router.get("/me", response_model=UserOut)
async def read_me(user: CurrentUser) -> User:
    """The own account."""
    return user


@router.patch("/me", response_model=UserOut)
async def change_me(payload: NameChange, user: CurrentUser, session: SessionDep) -> User:
    """Change the own name."""
    user.full_name = payload.full_name
    await session.commit()
    return user


@router.get("/addresses", response_model=list[AddressOut])
async def list_addresses(user: CurrentUser, session: SessionDep) -> list[Address]:
    """The own addresses."""
    mine = select(Address).where(Address.user_id == user.id).limit(50)
    return list(await session.scalars(mine))


@router.put("/addresses/{address_id}", response_model=AddressOut)
async def change_address(address: OwnAddress, payload: AddressIn, session: SessionDep) -> Address:
    """Correct one of the own addresses."""
    for field, value in payload.model_dump(include={"street", "city"}).items():
        setattr(address, field, value)
    await session.commit()
    return address
