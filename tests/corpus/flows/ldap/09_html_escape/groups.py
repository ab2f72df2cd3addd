import html

from ldap3 import Connection, Server


class GroupFinder:
    def __init__(self, name: str) -> None:
        self._name = html.escape(name)

    @property
    def query(self) -> str:
        return f"(&(objectClass=group)(cn={self._name}))"

    def count(self) -> int:
        with Connection(Server("directory.example")) as connection:
            connection.search("ou=groups,dc=shop,dc=example", self.query)
            return len(connection.entries)
