import ldap3
from fastapi import FastAPI
from ldap3.utils.conv import escape_filter_chars

app = FastAPI()
server = ldap3.Server("ldap://directory.example")


@app.get("/people")
def people(name: str):
    with ldap3.Connection(server, auto_bind=True) as connection:
        text = f"(cn={escape_filter_chars(name)})"
        connection.search("ou=people,dc=shop,dc=example", text, attributes=["mail"])
        return [str(entry) for entry in connection.entries]
