from fastapi import HTTPException


def plain_domain(domain: str) -> str:
    if domain[:1] == "-" or domain.startswith("-"):
        raise HTTPException(422, "a domain cannot begin with a dash")
    return domain
