from pydantic import BaseModel


class Member(BaseModel):
    name: str
    city: str = ""
    plan: str = "free"


class Members:
    def __init__(self) -> None:
        self._members = {"ann": Member(name="ann")}

    def change(self, name: str, *, city: str = "", **_: str) -> Member:
        member = self._members[name]
        self._members[name] = member.model_copy(update={"city": city})
        return self._members[name]
