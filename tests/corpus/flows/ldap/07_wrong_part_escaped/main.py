from fastapi import FastAPI, Query
from ldap3 import Connection, Server
from ldap3.utils.conv import escape_filter_chars

app = FastAPI()


@app.get("/lookup")
def lookup(attribute: str = "mail", value: str = Query(max_length=100)):
    attribute = escape_filter_chars(attribute)
    query = "(&(objectClass=person)(%s=%s))" % (attribute, value)
    connection = Connection(Server("directory.example"), auto_bind=True)
    connection.search("dc=shop,dc=example", query)
    return {"hits": len(connection.entries)}
