from ldap3 import Connection, Server


class PeopleDirectory:
    def __init__(self, host: str) -> None:
        self.server = Server(host)

    def exists(self, key) -> bool:
        connection = Connection(self.server, auto_bind=True)
        connection.search("ou=people,dc=shop,dc=example", f"(entryUUID={key})")
        return bool(connection.entries)
