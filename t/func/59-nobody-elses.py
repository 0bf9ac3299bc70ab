#!/usr/bin/python3
"""Nobody sees or changes anybody else's anything: every row of the routes, asked for with another one's ids by a member,
a guest, a guest whose session has ended, somebody signed out, nobody at all. A route without a fixture that gives its
owner 2xx fails."""
import datetime
import datetime
import os
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from members import an_address, login, member, token_in, wait_mail
from openapi import route_rows
from stack import SRCDIR, Stack
from studio import BODY, create, guest, make, over, picture
from tap import is_, main, ok, test

NOBODY = "01a00000-0000-7000-8000-000000000000"
# What belongs to nobody, or is opened by something else than who asks; where the tests of that are.
OPEN = {
    "GET /healthz": "30-readiness", "GET /readyz": "30-readiness", "GET /metrics": "21-designs", "GET /docs": "21-designs",
    "GET /v1/openapi.json": "21-designs", "GET /v1/problems/{code}": "21-designs", "GET /v1/catalog": "21-designs",
    "POST /v1/guest-session": "20-guest-session", "POST /v1/auth/register": "53-accounts",
    "POST /v1/auth/login": "53-accounts", "POST /v1/auth/verify-email": "53-accounts",
    "POST /v1/auth/verify-email/resend": "53-accounts", "POST /v1/auth/password-reset": "53-accounts",
    "POST /v1/auth/password-reset/confirm": "53-accounts",
    "GET /v1/shares/{token}": "62-shares",
    "POST /v1/shares/{token}/unlock": "62-shares",
    "GET /s/{token}": "65-share-page",
    "POST /s/{token}": "65-share-page",
    "GET /v1/oembed": "65-share-page",
    "GET /s/{token}/card.jpg": "66-share-card",
    "GET /s/{token}/i/{name}": "63-share-cache",
    "GET /u/{token}": "56-leaving", "POST /u/{token}": "56-leaving",
    "GET /media/{signature}/{expires}/{folder}/{name}.jpg": "45-jpeg",
    "GET /docs/data-deletion/{code}": "58-signin", "GET /v1/auth/providers": "58-signin", "GET /v1/auth/google": "58-signin",
    "GET /v1/auth/google/callback": "58-signin", "GET /v1/auth/facebook": "58-signin",
    "GET /v1/auth/facebook/callback": "58-signin", "POST /v1/auth/facebook/data-deletion": "58-signin",
    "POST /v1/auth/email-undo": "56-email-change",
    "POST /v1/auth/provider-email": "58-signin", "POST /v1/auth/provider-confirm": "58-signin",
    "POST /v1/shares/{token}/views": "67-views", "GET /s/{token}/v.gif": "67-views",
}
# Of one's own account, without an id: what others get is theirs. Here only that it takes a session.
SELF = {
    "POST /v1/me/email", "DELETE /v1/me/email",
    "DELETE /v1/me", "POST /v1/me/photo", "DELETE /v1/me/photo", "POST /v1/me/export", "GET /v1/me/export",
    "POST /v1/auth/logout", "POST /v1/auth/password", "GET /v1/me", "PATCH /v1/me", "GET /v1/me/usage",
    "GET /v1/me/sessions", "DELETE /v1/me/sessions", "GET /v1/me/identities", "GET /v1/guest-session", "POST /v1/uploads", "POST /v1/folders", "POST /v1/api-keys",
}


class Owner:
    """A member or a guest, and what they have: made anew for each fixture."""

    def __init__(self, client):
        self.client = client

    def design(self, **changes):
        return make(self.client, **changes)

    def job(self):
        made = create(self.client).json()
        over(self.client, made["generation"]["id"])
        return made["generation"]["id"]

    def failed(self):
        """A generation that may be tried again."""
        made = create(self.client, original_prompt="fail").json()["generation"]["id"]
        over(self.client, made)
        stack.db.jobs.update_one({"_id": made}, {"$set": {"status": "failed", "slots.0.status": "failed"}})
        return made

    def key(self):
        return self.client.post("/v1/api-keys", json={"name": "x", "scopes": ["designs:read"]}).json()["id"]

    def waiting(self):
        """A generation that no worker takes up while we look."""
        made = self.job()
        stack.db.jobs.update_one({"_id": made}, {"$set": {
            "status": "queued", "run_at": datetime.datetime(2090, 1, 1), "ended_at": None, "slots.$[].status": "queued"}})
        return made

    def trashed(self):
        made = self.design()["id"]
        self.client.delete("/v1/designs/" + made)
        return made

    def shared(self, suffix="", revoked=False):
        """The path of a design's link, or of what is below it."""
        path = "/v1/designs/%s/share" % self.design()["id"]
        self.client.put(path, json={})
        if revoked:
            self.client.delete(path)
        return path + suffix

    def folder(self):
        return self.client.post("/v1/folders", json={"name": "Rings"}).json()["id"]

    def email_link(self):
        """What was sent to a new address of theirs."""
        address = an_address("new")
        self.client.post("/v1/me/email", json={"email": address})
        return token_in(wait_mail(stack, address, "new address"))

    def other_session(self):
        there = stack.client()
        login(there, self.client.address_of_mail)
        return self.client.get("/v1/me/sessions").json()["items"][0]["id"]

    def identity(self):
        """As if linked: the account has a password besides."""
        made = str(uuid.uuid4())
        stack.db.identities.insert_one({
            "_id": made, "user_id": self.client.user, "provider": "google", "issuer": "https://id.example", "subject": made,
            "email": None, "created_at": datetime.datetime.now(datetime.timezone.utc), "last_used_at": None})
        return made


def on_design(suffix="", json=None, make_it=Owner.design):
    def fixture(owner):
        made = make_it(owner)
        return "/v1/designs/%s%s" % (made if isinstance(made, str) else made["id"], suffix), json(made) if json else None
    return fixture


def on_folder(json=None):
    return lambda owner: ("/v1/folders/" + owner.folder(), json)


def on_job(suffix, make_it):
    return lambda owner: ("/v1/generations/%s%s" % (make_it(owner), suffix), None)


FIXTURES = {
    "POST /v1/designs": lambda owner: ("/v1/designs", {**BODY, "gem_data": {
        **BODY["gem_data"], "uploaded_image_url": owner.client.upload("/v1/uploads", picture()).json()["url"]}}),
    "GET /v1/designs": lambda owner: ("/v1/designs?limit=100", owner.design()["id"]),
    "POST /v1/designs/bulk": lambda owner: ("/v1/designs/bulk", {"action": "delete", "ids": [owner.design()["id"]]}),
    "GET /v1/folders": lambda owner: ("/v1/folders", owner.folder()),
    "POST /v1/folders/reorder": lambda owner: ("/v1/folders/reorder", {"ids": [owner.folder()]}),
    "GET /v1/folders/{id}": on_folder(),
    "PATCH /v1/folders/{id}": on_folder({"name": "x"}),
    "DELETE /v1/folders/{id}": on_folder(),
    "GET /v1/designs/{id}": on_design(),
    "PATCH /v1/designs/{id}": on_design(json=lambda made: {"is_favorite": True}),
    "DELETE /v1/designs/{id}": on_design(),
    "POST /v1/designs/{id}/restore": on_design("/restore", make_it=Owner.trashed),
    "POST /v1/designs/{id}/select": on_design("/select", lambda made: {
        "image_id": made["generated_images"][0]["image_id"]}),
    "POST /v1/designs/{id}/generations": on_design("/generations", lambda made: {}),
    "GET /v1/designs/{id}/generations": on_design("/generations"),
    "POST /v1/designs/{id}/refinements": on_design("/refinements", lambda made: {"prompt": "x"}),
    "GET /v1/designs/{id}/versions": on_design("/versions"),
    "GET /v1/designs/{id}/checks": on_design("/checks"),
    "PUT /v1/designs/{id}/share": lambda owner: (owner.shared(), {"title": "x"}),
    "GET /v1/designs/{id}/share": lambda owner: (owner.shared(), None),
    "DELETE /v1/designs/{id}/share": lambda owner: (owner.shared(), None),
    "POST /v1/designs/{id}/share/restore": lambda owner: (owner.shared("/restore", revoked=True), None),
    "GET /v1/designs/{id}/share/qr.svg": lambda owner: (owner.shared("/qr.svg"), None),
    "GET /v1/designs/{id}/share/qr.png": lambda owner: (owner.shared("/qr.png"), None),
    "GET /v1/generations/{id}": on_job("", Owner.job),
    "POST /v1/generations/{id}/cancel": on_job("/cancel", Owner.waiting),
    "POST /v1/generations/{id}/retry": on_job("/retry", Owner.failed),
    "DELETE /v1/me/identities/{id}": lambda owner: ("/v1/me/identities/" + owner.identity(), None),
    "GET /v1/designs/{id}/share/analytics": lambda owner: (owner.shared() + "/analytics", None),
    "GET /v1/api-keys": lambda owner: ("/v1/api-keys", owner.key()),
    "DELETE /v1/api-keys/{id}": lambda owner: ("/v1/api-keys/" + owner.key(), None),
    "POST /v1/me/email/confirm": lambda owner: ("/v1/me/email/confirm", {"token": owner.email_link()}),
    "DELETE /v1/me/sessions/{id}": lambda owner: ("/v1/me/sessions/" + owner.other_session(), None),
}
# Lists: the fixture's second part is what must not be in another one's answer.
LISTS = {"GET /v1/designs", "GET /v1/folders", "GET /v1/api-keys"}
# Somebody else's id stands in the body: refused as a fault of it.
IN_BODY = {"POST /v1/designs", "POST /v1/folders/reorder"}
# Ids stand in the body, and each has an answer of its own: not there.
EACH = {"POST /v1/designs/bulk"}


def send(client, method, path, json, headers=None):
    return client.request(method, path, json=json if method in ("POST", "PATCH", "PUT") else None, headers=headers)


def expired_guest():
    client = guest(stack)
    stack.db.guest_sessions.delete_one({"_id": client.session})
    return client


def signed_out():
    client = member(stack)
    cookies = dict(client.cookies)
    client.post("/v1/auth/logout")
    client.cookies = cookies
    return client


def answers_allowed(row, who):
    """Of those who own nothing of this: as if it were not there. Guests are told that they are guests."""
    if who in ("somebody signed out", "nobody"):
        return {401}
    if row in IN_BODY:
        return {401, 422, 403} if "guest" in who and "/folders" in row else {401, 422}
    return {404, 403} if "guest" in who else {404}


def try_all(row, owner, fixture):
    method, pattern = row.split(" ")
    path, json = fixture(owner)
    for who, client in attackers.items():
        if row in LISTS:
            reply = client.get(path)
            ok(reply.status in (200, 401, 403) and json not in reply.text, "%s: %s does not see it" % (row, who), reply)
            continue
        reply = send(client, method, path, json)
        if row in EACH:
            ok(reply.status == 401 or {i["status"] for i in reply.json()["items"]} == {404}, "%s by %s: none of it is there" % (row, who),
               reply)
            continue
        allowed = answers_allowed(row, who)
        ok(reply.status in allowed, "%s by %s: %s" % (row, who, sorted(allowed)), reply)
        if "{id}" in pattern and reply.status in (403, 404):
            absent = send(client, method, pattern.replace("{id}", NOBODY), json)
            is_((absent.status, absent.json()["code"]), (reply.status, reply.json()["code"]),
                "%s by %s: the same as for what is not there" % (row, who))
    reply = send(owner.client, method, path, None if row in LISTS else json)
    ok(200 <= reply.status < 300, "%s: its owner gets in" % row, reply)
    if row in LISTS:
        ok(json in reply.text, "%s: and sees it" % row)


def of_members_only(row, owner):
    """A guest owner learns that an account is needed, and nothing else happens."""
    method, pattern = row.split(" ")
    reply = send(owner.client, method, pattern.replace("{id}", NOBODY), {})
    return reply.status == 403 and reply.json()["code"] == "account_required"


@test
def every_route_has_its_place():
    for method, pattern, _ in route_rows(SRCDIR):
        row = "%s %s" % (method, pattern)
        places = (row in OPEN) + (row in SELF) + (row in FIXTURES)
        is_(places, 1, row + " has a fixture, or is nobody's")


@test
def of_a_member():
    for row, fixture in FIXTURES.items():
        try_all(row, Owner(member(stack)), fixture)


@test
def of_a_guest():
    for row, fixture in FIXTURES.items():
        owner = Owner(guest(stack))
        if not of_members_only(row, owner):
            try_all(row, owner, fixture)


@test
def ones_own():
    for row in sorted(SELF):
        method, path = row.split(" ")
        for who in ("nobody", "somebody signed out"):
            reply = send(attackers[who], method, path, {})
            is_(reply.status, 401, "%s by %s" % (row, who))


stack = Stack(settings={"provider": "mem", "guest_daily": "100000", "guest_address_daily": "1000000", "upload_daily": "10000",
                        "free_designs_daily": "100000", "free_designs_monthly": "100000", "free_refinements_daily": "100000",
                        "register_address_daily": "100000", "login_failures": "1000"})
if __name__ == "__main__":
    stack.start()
    attackers = {"another member": member(stack), "a guest": guest(stack), "a guest whose session has ended": expired_guest(),
                 "somebody signed out": signed_out(), "nobody": stack.client()}
    main()
