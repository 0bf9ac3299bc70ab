#!/usr/bin/python3
"""The shortest journey through the real thing: browser, nginx, bezel, database, objects, and back."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from stack import Stack, wait_for
from tap import is_, main, ok, test

DESIGN = {"original_prompt": "a ring with an oval ruby", "num_variations_requested": 2,
          "gem_data": {"type": "Ruby", "cut": "Oval", "color": "Red", "transparency": "Transparent",
                       "size": {"simple": "Medium"}},
          "material_preferences": {"metals": ["Yellow Gold"], "finish": "Polished"}}


@test
def from_words_to_a_picture():
    is_(client.post("/v1/guest-session").status, 201, "a guest session")
    reply = client.post("/v1/designs", json=DESIGN)
    is_(reply.status, 202, "a design")
    design = wait_for(lambda: (lambda d: d if len(d["generated_images"]) == 2 else None)(
        client.get(reply.header("Location")).json()), 60, "the pictures")
    ok(True, "its pictures arrive")
    for image in design["generated_images"]:
        for member in ("image_url", "thumbnail_url"):
            picture = client.get(image[member])
            ok(picture.status == 200 and picture.header("Content-Type") == "image/webp" and
               picture.body[:4] == b"RIFF" and picture.body[8:12] == b"WEBP",
               "nginx gives the picture at " + member, picture)
    url = design["generated_images"][0]["image_url"]
    is_(client.get(url.replace("/media/", "/media/A", 1)).status, 404, "not under another signature")
    is_(stack.db.designs.count_documents({"_id": design["id"]}), 1, "it is in this test's own database")
    is_(stack.client().get(reply.header("Location")).status, 401, "another browser does not see it")


@test
def request_ids():
    reply = client.get("/v1/nothing", headers={"X-Request-Id": "chosen-by-the-client"})
    is_((reply.status, reply.json()["request_id"], reply.header("X-Request-Id")),
        (404, "chosen-by-the-client", "chosen-by-the-client"), "bezel's problems carry the id of the request")
    page = client.get("/v1/problems/headers_too_large")
    is_(page.status, 200, "nginx's problems are explained")


@test
def workers_are_replaced():
    before = set(stack.workers)
    ok(len(before) > 5, "there are workers", before)
    for pid in before:
        stack.kill(pid)
    wait_for(lambda: len(stack.workers) == len(before) and not before & set(stack.workers), 30, "new workers")
    wait_for(lambda: client.get("/readyz").status == 200, 30, "readiness")
    is_(client.get("/v1/designs").status, 200, "when all workers are killed, others take their place")


@test
def a_restart():
    count = len(client.get("/v1/designs").json()["items"])
    stack.restart()
    is_(len(client.get("/v1/designs").json()["items"]), count, "sessions and designs outlive a restart")


stack = Stack(settings={"provider": "mem"}).start()
client = stack.client()
main()
