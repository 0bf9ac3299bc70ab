#!/usr/bin/python3
"""Links to designs: what their owner sets, what a viewer gets, what is nobody's business, and what is over."""
import concurrent.futures
import datetime
import os
import re
import sys
import time
import urllib.parse
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from members import member
from stack import SLOWER, Stack, wait_for
from studio import create, guest, make, metric, over
from tap import diag, is_, main, ok, test

NOBODY = "019a0000-0000-7000-8000-000000000000"
WORDS = "seven small stones"        # a password


def problem(reply, status, code, name):
    is_((reply.status, reply.json().get("code")), (status, code), name)
    return reply


def pointers(reply):
    return sorted((e["pointer"], e["code"]) for e in reply.json().get("errors", []))


def made(client, **changes):
    """The id of a design with its pictures."""
    return make(client, **changes)["id"]


def share_path(design_id):
    return "/v1/designs/%s/share" % design_id


def share(client, design_id, **body):
    reply = client.put(share_path(design_id), json=body)
    assert reply.status in (200, 201), reply
    return reply.json()


def view(client, token, **keywords):
    return client.get("/v1/shares/" + token, **keywords)


@test
def a_link_is_made_seen_and_revoked():
    eve, anyone = member(stack), stack.client()
    design_id = made(eve)
    problem(eve.get(share_path(design_id)), 404, "not_found", "not shared yet")
    reply = eve.put(share_path(design_id), json={})
    is_((reply.status, reply.header("Location")), (201, share_path(design_id)), "a new link")
    link = reply.json()
    diag(link)
    reply = view(anyone, link["token"])
    diag("%s %s" % (reply.json(), dict(reply.headers)))
    is_(reply.status, 200, "anybody sees it")
    is_(eve.delete(share_path(design_id)).status, 204, "revoked")
    problem(view(anyone, link["token"]), 404, "not_found", "and gone")


stack = Stack(settings={"provider": "mem", "render_profile": "draft"}).start()
main()
