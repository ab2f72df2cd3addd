from motor.motor_asyncio import AsyncIOMotorClient

FIELDS = {"city", "name"}
people = AsyncIOMotorClient("mongodb://localhost").crm.people


async def run(body) -> int:
    conditions = {term.field: term.value for term in body.terms if term.field in FIELDS}
    return len(await people.find(conditions).to_list(length=50))
