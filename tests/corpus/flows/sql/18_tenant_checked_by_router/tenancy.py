from fastapi import Depends, Header, HTTPException

TENANTS = {"acme", "globex"}


def tenant_name(x_tenant: str = Header("acme")) -> str:
    return x_tenant


def known_tenant(name: str = Depends(tenant_name)) -> None:
    if name not in TENANTS:
        raise HTTPException(404, "no such tenant")
