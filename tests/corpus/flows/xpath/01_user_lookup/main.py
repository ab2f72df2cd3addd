from fastapi import FastAPI
from lxml import etree

app = FastAPI()
TREE = etree.parse("users.xml")


@app.get("/users")
def users(name: str):
    found = TREE.xpath(f"//user[@name='{name}']/mail/text()")
    return {"mails": [str(mail) for mail in found]}
