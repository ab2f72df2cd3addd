from ldap3 import Connection, Server
from ldap3.utils.conv import escape_filter_chars


class PhoneBook:
    server = Server("directory.example")

    def pattern(self, text: str) -> str:
        return escape_filter_chars(text) + "*"

    def search(self, text: str) -> list[str]:
        connection = Connection(self.server, auto_bind=True)
        connection.search("dc=shop,dc=example", f"(cn={self.pattern(text)})")
        return [str(entry) for entry in connection.entries]
