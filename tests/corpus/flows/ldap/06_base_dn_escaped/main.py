import ldap3
from fastapi import FastAPI
from ldap3.utils.dn import escape_rdn

app = FastAPI()
ROOT = "dc=shop,dc=example"


@app.get("/units/{unit}")
def unit(unit: str):
    connection = ldap3.Connection(ldap3.Server("directory.example"))
    connection.bind()
    connection.search(f"ou={escape_rdn(unit)},{ROOT}", "(objectClass=person)")
    return {"members": len(connection.entries)}
