from fastapi import Depends, Request

from .tables import Tables


def tenant(request: Request) -> str:
    return request.state.tenant


async def tables(tenant: str = Depends(tenant)):
    store = Tables(tenant)
    await store.open()
    yield store
    await store.close()
