from ldap3 import SUBTREE, Connection, Server

from .filters import both


class Directory:
    base = "dc=shop,dc=example"

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def check(self, user: str, password: str) -> bool:
        query = both(uid=user, mail=password)
        self.connection.search(search_base=self.base, search_filter=query, search_scope=SUBTREE)
        return len(self.connection.entries) == 1


def get_directory():
    with Connection(Server("directory.example"), auto_bind=True) as connection:
        yield Directory(connection)
