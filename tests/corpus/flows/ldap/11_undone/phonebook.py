from ldap3 import Connection, Server
from ldap3.utils.conv import escape_filter_chars

BACK = {r"\2a": "*", r"\28": "(", r"\29": ")"}


class PhoneBook:
    server = Server("directory.example")

    def pattern(self, text: str) -> str:
        escaped = escape_filter_chars(text)
        for code, character in BACK.items():
            escaped = escaped.replace(code, character)
        return escaped

    def search(self, text: str) -> list[str]:
        connection = Connection(self.server, auto_bind=True)
        connection.search("dc=shop,dc=example", f"(cn={self.pattern(text)})")
        return [str(entry) for entry in connection.entries]
