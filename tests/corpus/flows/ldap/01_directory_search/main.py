import ldap3
from fastapi import FastAPI

app = FastAPI()
server = ldap3.Server("ldap://directory.example")


@app.get("/people")
def people(name: str):
    with ldap3.Connection(server, auto_bind=True) as connection:
        connection.search("ou=people,dc=shop,dc=example", f"(cn={name})", attributes=["mail"])
        return [str(entry) for entry in connection.entries]
