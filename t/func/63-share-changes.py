#!/usr/bin/python3
"""Which changes of a design close the gate of its link and have a CDN purged: those that change what the link shows, and
no others. Every route that writes to a design stands here, and every statement of the store."""
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from members import PASSWORD, member
from stack import SRCDIR, Stack, free_port, wait_for
from studio import make, over
from tap import is_, main, ok, test

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
STORE = os.path.join(SRCDIR, "src", "store")


class Link:
    """A design with a link; what is known of its changes."""

    def __init__(self, client=None):
        self.owner = client or member(stack)
        self.id = make(self.owner)["id"]
        self.path = "/v1/designs/" + self.id
        self.share = self.path + "/share"
        self.images = [image["image_id"] for image in self.owner.get(self.path).json()["generated_images"]]
        is_(self.stored().get("link_changed_at", 0), None, "a design without a link has no such time")
        reply = self.owner.put(self.share, json={"title": "A first title"})
        assert reply.status == 201, reply
        self.token = reply.json()["token"]
        self.gate = os.path.join(stack.state, "var", "gates", self.token)
        self.purges = 0
        self.taken()

    def stored(self):
        return stack.db.designs.find_one({"_id": self.id})

    def changed_at(self):
        return self.stored()["link_changed_at"]

    def purge_jobs(self):
        return stack.db.jobs.count_documents({"kind": "purge", "design_id": self.id})

    def taken(self):
        """Whoever looks each second has seen the last change: two purges more. Then the gate is opened by hand."""
        wait_for(lambda: self.purge_jobs() == self.purges + 2, 10, "the look")
        self.purges += 2
        os.unlink(self.gate)


def unshared(client, path):
    """Another design's folder, so that one is there to be left."""
    reply = client.post("/v1/folders", json={"name": path})
    assert reply.status == 201, reply
    return reply.json()["id"]


def generated(link):
    reply = link.owner.post(link.path + "/generations", json={"num_variations": 2})
    if reply.status == 202:
        over(link.owner, reply.json()["id"])
    return reply


def refined(link):
    reply = link.owner.post(link.path + "/refinements", json={"prompt": "more leaves"})
    if reply.status == 202:
        over(link.owner, reply.json()["id"])
    return reply


def many(link, action, **more):
    reply = link.owner.post("/v1/designs/bulk", json={"action": action, "ids": [link.id], **more})
    assert [item["status"] for item in reply.json()["items"]] in ([200], [204]), reply
    return reply


def looked_at(link):
    reply = stack.client(headers={"User-Agent": BROWSER}).post("/v1/shares/%s/views" % link.token)  # an owner does not count
    wait_for(lambda: stack.db.shared_designs_access.find_one({"design_id": link.id}), 10, "the count")
    return reply


# The route, what is done, whether the link shows something else after it.
STEPS = [
    ("PATCH /v1/designs/{id}", "a star", lambda k: k.owner.patch(k.path, json={"is_favorite": True}), False),
    ("PATCH /v1/designs/{id}", "into a folder", lambda k: k.owner.patch(k.path, json={"folder_id": unshared(k.owner, "one")}), False),
    ("PATCH /v1/designs/{id}", "out of it", lambda k: k.owner.patch(k.path, json={"folder_id": None}), False),
    ("POST /v1/designs/bulk", "many stars", lambda k: many(k, "favorite"), False),
    ("POST /v1/designs/bulk", "many stars less", lambda k: many(k, "unfavorite"), False),
    ("POST /v1/designs/bulk", "many into a folder", lambda k: many(k, "move", folder_id=unshared(k.owner, "two")), False),
    ("DELETE /v1/folders/{id}", "the folder goes", lambda k: k.owner.delete("/v1/folders/" + k.stored()["folder_id"]), False),
    ("POST /v1/designs/{id}/generations", "more pictures", generated, False),
    ("POST /v1/shares/{token}/views", "a look", looked_at, False),
    ("POST /v1/designs/{id}/select", "the picture that it shows", lambda k: k.owner.post(
        k.path + "/select", json={"image_id": k.stored()["current_version"]["image_id"]}), False),
    ("POST /v1/designs/{id}/select", "another picture", lambda k: k.owner.post(
        k.path + "/select", json={"image_id": k.images[1]}), True),
    ("POST /v1/designs/{id}/refinements", "a refinement", refined, True),
    ("PUT /v1/designs/{id}/share", "another title", lambda k: k.owner.put(k.share, json={"title": "Another"}), True),
    ("PUT /v1/designs/{id}/share", "the prompt", lambda k: k.owner.put(k.share, json={"show_prompt": True}), True),
    ("PUT /v1/designs/{id}/share", "an end", lambda k: k.owner.put(k.share, json={"expires_at": "2099-01-01T00:00:00Z"}), True),
    ("PUT /v1/designs/{id}/share", "a password", lambda k: k.owner.put(k.share, json={"password": PASSWORD}), True),
    ("PUT /v1/designs/{id}/share", "none", lambda k: k.owner.put(k.share, json={"password": None}), True),
    ("DELETE /v1/designs/{id}/share", "revoked", lambda k: k.owner.delete(k.share), True),
    ("POST /v1/designs/{id}/share/restore", "undo", lambda k: k.owner.post(k.share + "/restore"), True),
    ("DELETE /v1/designs/{id}", "trash", lambda k: k.owner.delete(k.path), True),
    ("POST /v1/designs/{id}/restore", "out of the trash", lambda k: k.owner.post(k.path + "/restore"), True),
    ("POST /v1/designs/bulk", "many to the trash", lambda k: many(k, "delete"), True),
    ("POST /v1/designs/bulk", "many out of it", lambda k: many(k, "restore"), True),
]
# These write to no design that has a link: it is new; folders alone; a cookie.
OTHERS = {"POST /v1/designs", "POST /v1/folders", "POST /v1/folders/reorder", "PATCH /v1/folders/{id}",
          "POST /v1/shares/{token}/unlock"}


@test
def every_route_is_here():
    with open(os.path.join(SRCDIR, "etc", "openapi.json"), encoding="utf-8") as file:
        paths = json.load(file)["paths"]
    writing = {"%s %s" % (method.upper(), path) for path, methods in paths.items() for method in methods
               if method in ("post", "put", "patch", "delete") and re.match("/v1/(designs|folders|shares)(/|$)", path)}
    is_(sorted({step[0] for step in STEPS} | OTHERS), sorted(writing), "no route that writes was forgotten")


@test
def every_statement_goes_the_one_way():
    """designs_change() adds the time; what writes to designs besides it is known."""
    found = set()
    for name in os.listdir(STORE):
        with open(os.path.join(STORE, name), encoding="utf-8") as file:
            text = file.read()
        if not name.endswith(".c") or name == "designs-change.c":
            continue
        for place in re.finditer(r'db_update\([^;]*?(?:DESIGNS\b|"designs")|"update", "designs"|db_modify \w+ = \{[^;]*DESIGNS\b|'
                                 r'give\(store, arena, "designs"', text):
            inside = re.findall(r"^(\w+)\([^;]*?\)\n\{", text[:place.start()], re.M)[-1]
            found.add((name, inside))
    is_(sorted(found), [("claim.c", "claim_step"), ("designs-land.c", "designs_add_cost"), ("designs.c", "bury"), ("shares.c", "shares_forget"),
                        ("views.c", "views_add")],
        "guests' designs that change hands, costs, what lies in the trash, tokens that are forgotten, counts: none is shown by a link")


@test
def what_a_link_shows():
    link = Link()
    for route, name, do, shows in STEPS:
        before, began = link.changed_at(), link.purges
        version = link.stored()["updated_at"]
        name = "%s (%s)" % (name, route)
        reply = do(link)
        assert reply.status < 300, (name, reply)
        closed = os.path.exists(link.gate)
        after = link.changed_at()
        if "views" not in route:
            ok(link.stored()["updated_at"] > version, name + ": the owner's version rises")
        if shows:
            ok(closed, name + ": the gate is closed when the owner is told")
            ok(after > before, name + ": the link has changed", after)
            link.taken()
        else:
            is_((after, link.purge_jobs()), (before, began), name + ": the link has not changed")
            # Whoever picks a picture is not asked before whether it is that already.
            if "select" in route:
                os.unlink(link.gate)
            else:
                ok(not closed, name + ": no gate")
    is_(link.purge_jobs(), link.purges, "and nothing else was purged")
    # Of what a look each second may still have missed nothing comes later either.
    other = Link(link.owner)
    other.owner.put(other.share, json={"title": "Seen by now"})
    other.taken()
    is_((link.purge_jobs(), os.path.exists(link.gate)), (link.purges, False), "nor a look later")


@test
def accounts_that_end():
    link = Link()
    before = link.changed_at()
    is_(stack.bezel("admin", "users", "disable", link.owner.address_of_mail).returncode, 0, "an operator disables an account")
    ok(link.changed_at() > before, "its links have changed")
    link.taken()


@test
def a_document_of_before():
    """It has no such time until its link changes."""
    link = Link()
    stack.db.designs.update_one({"_id": link.id}, {"$unset": {"link_changed_at": ""}})
    is_(link.owner.patch(link.path, json={"is_favorite": True}).status, 200, "a star")
    ok("link_changed_at" not in link.stored(), "changes nothing of the link")
    is_(link.owner.put(link.share, json={"title": "New"}).status, 200, "a title")
    ok(link.changed_at(), "does")
    link.taken()
    # Whatever stands there keeps no link from being revoked.
    stack.db.command("collMod", "designs", validationLevel="off")
    stack.db.designs.update_one({"_id": link.id}, {"$set": {"link_changed_at": "never"}})
    stack.db.command("collMod", "designs", validationLevel="moderate")
    is_(link.owner.delete(link.share).status, 204, "a damaged one is revoked")
    link.taken()


stack = Stack(settings={"provider": "mem", "cdn": "varnish", "varnish_urls": "http://127.0.0.1:%d" % free_port(), "cdn_retry_s": "600",
                        "share_gate_s": "3600", "share_daily": "1000", "job_workers": "2", "free_designs_daily": "1000",
                        "free_designs_monthly": "1000"}).start()
main()
