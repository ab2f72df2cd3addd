import ldap3

ROOT = "dc=shop,dc=example"


def members(unit: str) -> list[str]:
    connection = ldap3.Connection(ldap3.Server("directory.example"))
    connection.bind()
    connection.search("ou=" + unit + "," + ROOT, "(objectClass=person)")
    return [str(entry) for entry in connection.entries]
