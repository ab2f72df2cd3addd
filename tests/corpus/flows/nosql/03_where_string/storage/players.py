from .client import db


def by_nick(nick: str, minimum: int):
    script = "this.nick == '" + nick + "' && this.level >= " + str(minimum)
    return list(db.players.find({"$where": script}).limit(20))
