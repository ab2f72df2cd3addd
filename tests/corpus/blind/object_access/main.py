from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Body, Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordRequestForm
from pydantic import BaseModel, ConfigDict, Field

import parcels
import people
from people import Me, Person


@asynccontextmanager
async def lifespan(_: FastAPI):
    parcels.prepare()
    yield


app = FastAPI(title="Parcel desk", lifespan=lifespan)


class Profile(BaseModel):
    model_config = ConfigDict(extra="allow")
    city: str = Field(default="Ghent", max_length=40)


class City(BaseModel):
    city: str = Field(default="Ghent", max_length=40)


class Stop(BaseModel):
    parcel: int = Field(default=1, ge=1)
    note: str = Field(default="", max_length=80)


class Tour(BaseModel):
    day: str = "mon"
    stops: list[Stop] = Field(default=[Stop()], max_length=20)


class Sender(BaseModel):
    person_id: int = Field(default=1, ge=1)
    address: str = Field(default="1 Mill Lane", max_length=80)


@app.post("/auth/token")
def token(form: Annotated[OAuth2PasswordRequestForm, Depends()]):
    key = people.sign_in(form.username, form.password)
    if key is None:
        raise HTTPException(400, "wrong name or password")
    return {"access_token": key, "token_type": "bearer"}


@app.get("/parcels/{number}")
def parcel(number: int, me: Me):
    return {"for": me.name, **parcels.find(number)}


@app.get("/parcels/{number}/address")
def parcel_address(number: int, me: Me):
    return {"address": parcels.find_own(number, me.id)["address"]}


@app.get("/parcels/{number}/state")
def parcel_state(own: parcels.Own):
    return {"state": own["state"]}


@app.post("/tours")
def plan_tour(tour: Tour, me: Me):
    return {
        "by": me.name,
        "stops": [parcels.set_state(stop.parcel, "planned") for stop in tour.stops],
    }


@app.post("/tours/own")
def plan_own_tour(tour: Tour, me: Me):
    own = [parcels.find_own(stop.parcel, me.id) for stop in tour.stops]
    return {
        "by": me.name,
        "stops": [parcels.set_state(item["id"], "planned") for item in own],
    }


@app.put("/senders")
def change_sender(sender: Sender, me: Me):
    done = parcels.con.execute(
        "UPDATE parcel SET address = ? WHERE owner_id = ?",
        (sender.address, sender.person_id),
    )
    return {"changed": done.rowcount, "by": me.name}


@app.put("/senders/me")
def change_own_sender(address: Annotated[str, Body(embed=True, max_length=80)], me: Me):
    done = parcels.con.execute("UPDATE parcel SET address = ? WHERE owner_id = ?", (address, me.id))
    return {"changed": done.rowcount, "by": me.name}


@app.patch("/me")
def change_me(profile: Profile, me: Me):
    me.__dict__.update(profile.model_dump())
    return {"name": me.name, "role": me.role, "limit": me.limit}


@app.patch("/me/city")
def change_city(change: City, me: Me):
    me.__dict__.update(change.model_dump(include={"city"}))
    return {"name": me.name, "city": me.city}


@app.put("/admin/people/{number}/limit")
def set_limit(number: int, limit: Annotated[int, Body(embed=True, ge=0, le=10_000)], me: Me):
    if number not in people.PEOPLE:
        raise HTTPException(404)
    people.PEOPLE[number].limit = limit
    return {"limit": limit, "by": me.name}


@app.put("/admin/people/{number}/city")
def set_city(number: int, change: City, boss: Annotated[Person, Depends(people.only("admin"))]):
    if number not in people.PEOPLE:
        raise HTTPException(404)
    people.PEOPLE[number].city = change.city
    return {"city": change.city, "by": boss.name}


@app.get("/rates/{number}")
def rate(number: int, me: Me):
    return {"rate": [4.5, 6.0, 9.5][number % 3], "for": me.name}
