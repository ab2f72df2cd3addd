from motor.motor_asyncio import AsyncIOMotorClient


class AccountService:
    def __init__(self, collection) -> None:
        self._accounts = collection

    async def reset(self, reset_token, password: str) -> int:
        result = await self._accounts.update_one({"reset": reset_token}, {"$set": {"password": password}})
        return result.modified_count


def get_service() -> AccountService:
    client = AsyncIOMotorClient("mongodb://localhost")
    return AccountService(client.portal.accounts)
