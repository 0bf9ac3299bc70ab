#!/usr/bin/python3
"""Pictures as JPEG: made when somebody asks, kept by nginx, opened by the same signature, stored nowhere."""
import base64
import concurrent.futures
import hashlib
import io
import os
import signal
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from PIL import Image, ImageChops, ImageStat

from faults import workers
from stack import Stack, wait_for
from studio import guest, make, metric, picture
from tap import is_, main, ok, test
from truth import objects_on_disk


def jpeg(address):
    assert address.endswith(".webp"), address
    return address[:-len("webp")] + "jpg"


def apart(one, other):
    """Mean difference of two pictures' colours, of 255; their sizes must be the same."""
    one, other = (Image.open(io.BytesIO(data)).convert("RGB") for data in (one, other))
    assert one.size == other.size, (one.size, other.size)
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)


def is_problem(reply, status, code, name):
    is_((reply.status, reply.header("Content-Type"), reply.header("Cache-Control"), reply.json().get("code")),
        (status, "application/problem+json", "no-store", code), name)


def asked(on, *requests):
    """What the requests get, and how many of them bezel has seen."""
    before = metric(on, "bezel_http_requests_total")
    replies = [on.client().get(path) for path in requests]
    return replies, metric(on, "bezel_http_requests_total") - before - 1  # one asks for the counter


def sign(on, expires, folder):
    secret = on.bezel("print", "media-secret").stdout.strip()
    digest = hashlib.md5(("%d/%s %s" % (expires, folder, secret)).encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def past_nginx(on, path, socket_name="fcgi-slow.sock", method="GET"):
    """Asks a worker itself; returns status, head and body."""
    def record(kind, data):
        return struct.pack(">BBHHBx", 1, kind, 1, len(data), 0) + data

    pairs = {"REQUEST_METHOD": method, "REQUEST_URI": path, "REMOTE_ADDR": "127.0.0.1"}
    params = b"".join(struct.pack(">BB", len(k), len(v)) + (k + v).encode() if len(v) < 128 else
                      struct.pack(">BI", len(k), len(v) | 1 << 31) + (k + v).encode() for k, v in pairs.items())
    with open(os.path.join(on.state, "pids", "sockets"), encoding="ascii") as file:
        place = os.path.join(file.read().strip(), socket_name)
    data, out = b"", b""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(place)
        connection.sendall(record(1, struct.pack(">HB5x", 1, 0)) + record(4, params) + record(4, b"") + record(5, b""))
        while piece := connection.recv(65536):
            data += piece
    while data:
        _, kind, _, length, padding = struct.unpack(">BBHHBx", data[:8])
        out += data[8:8 + length] if kind == 6 else b""
        data = data[8 + length + padding:]
    head, _, body = out.partition(b"\r\n\r\n")
    return int(head.split()[1]), head, body


@test
def the_same_picture():
    upload = ann.upload("/v1/uploads", picture(800, 600)).json()
    first = made["generated_images"][0]
    for name, address in (("an upload", upload["url"]), ("its thumbnail", upload["thumbnail_url"]),
                          ("a picture", first["image_url"]), ("its thumbnail", first["thumbnail_url"])):
        webp, reply = stack.client().get(address), stack.client().get(jpeg(address))
        is_((reply.status, reply.header("Content-Type"), reply.header("Content-Length")),
            (200, "image/jpeg", str(len(reply.body))), name + " as JPEG")
        got = Image.open(io.BytesIO(reply.body))
        is_((got.format, got.mode, got.size, got.info.get("exif")),
            ("JPEG", "RGB", Image.open(io.BytesIO(webp.body)).size, None), name + ": a JPEG of its size")
        ok(apart(webp.body, reply.body) < 4, name + ": its colours", apart(webp.body, reply.body))
        for header in ("Cache-Control", "Content-Disposition", "X-Content-Type-Options", "Content-Security-Policy",
                       "Cross-Origin-Resource-Policy", "Referrer-Policy"):
            is_(reply.header_all(header), webp.header_all(header), "%s: %s as for WebP" % (name, header))
        ok(reply.header("X-Request-Id") != webp.header("X-Request-Id") and len(reply.header_all("X-Request-Id")) == 1,
           name + ": a request id of its own")


@test
def nothing_is_stored():
    before = objects_on_disk(os.path.join(stack.state, "objects"))
    fresh = make(ann)["generated_images"]
    added = objects_on_disk(os.path.join(stack.state, "objects")) - before
    is_([stack.client().get(jpeg(i[k])).status for i in fresh for k in ("image_url", "thumbnail_url")], [200] * 4, "asked for")
    is_(objects_on_disk(os.path.join(stack.state, "objects")), before | added, "no object is added")
    is_(len(added), 4, "a picture and a thumbnail of two")


@test
def made_once():
    one, two = (image["image_url"] for image in make(ann)["generated_images"])
    replies, seen = asked(stack, jpeg(one), jpeg(one), jpeg(one))
    is_((seen, [r.status for r in replies], len({r.body for r in replies})), (1, [200] * 3, 1), "bezel is asked once")
    is_(len({r.header("X-Request-Id") for r in replies}), 3, "each answer has its own request id")
    etag = replies[0].header("ETag")
    ok(len(etag) == 34 and {r.header("ETag") for r in replies} == {etag}, "they have a tag", etag)
    reply = stack.client().get(jpeg(one), headers={"If-None-Match": etag})
    is_((reply.status, reply.body), (304, b""), "not changed")
    reply = stack.client().get(jpeg(one), headers={"Range": "bytes=0-2"})
    is_((reply.status, reply.body), (206, b"\xff\xd8\xff"), "a range")
    reply = stack.client().get(jpeg(one), headers={"Range": "bytes=99999999-"})
    is_((reply.status, reply.header("Content-Range"), reply.json()["code"]), (416, "bytes */%d" % len(replies[0].body), "range_not_satisfiable"),
        "none that is there")
    before = metric(stack, "bezel_http_requests_total")
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        crowd = list(pool.map(lambda _: stack.client().get(jpeg(two)), range(24)))
    seen = metric(stack, "bezel_http_requests_total") - before - 1
    is_((seen, {r.status for r in crowd}, len({r.body for r in crowd})), (1, {200}, 1), "so it is for a crowd")
    old = jpeg(one).split("/")
    later = int(old[3]) + 3600
    again = "/".join(["", "media", sign(stack, later, old[4]), str(later), old[4], old[5]])
    replies, seen = asked(stack, again)
    is_((replies[0].status, seen), (200, 0), "the address of a later hour finds what was kept")


@test
def head():
    one, two = (image["thumbnail_url"] for image in make(ann)["generated_images"])
    for name, address in (("at first", one), ("kept", one), ("after GET", two)):
        if name == "after GET":
            stack.client().get(jpeg(two))
        reply = stack.client().head(jpeg(address))
        is_((reply.status, reply.header("Content-Type"), reply.body), (200, "image/jpeg", b""), "HEAD " + name)
        is_(reply.header("Content-Length"), str(len(stack.client().get(jpeg(address)).body)), "HEAD %s: its length" % name)
    is_(past_nginx(stack, jpeg(one), method="HEAD")[::2], (200, b""), "HEAD to bezel itself")


@test
def the_rest_of_a_request_counts_for_nothing():
    one, two = (image["image_url"] for image in make(ann)["generated_images"])
    reply = stack.client().get(jpeg(one) + "?x=%zz&x=1", headers={"Cookie": "bezel=x; bezel=y", "Accept": "image/webp",
                                                                "Content-Type": "text/x", "Origin": "null"})
    is_(reply.status, 200, "neither query nor headers")
    is_(stack.client().get(jpeg(one)).body, reply.body, "what is kept is the picture")
    is_(stack.client().post(jpeg(two), json={}).status, 405, "POST")
    is_(stack.client().get(jpeg(two).replace("/media/", "//media/./")).status, 200, "a path that is spelt otherwise")
    is_(apart(stack.client().get(jpeg(two)).body, stack.client().get(two).body) < 4, True, "is kept as itself")


@test
def who_may_not():
    address = jpeg(made["generated_images"][0]["image_url"])
    _, _, signature, expires, folder, name = address.split("/")
    other = make(guest(stack))["generated_images"][0]["image_url"].split("/")
    is_(stack.client().get(address).status, 200, "the address opens, and its JPEG is kept")
    flipped = ("B" if signature[0] == "A" else "A") + signature[1:]
    past = int(time.time()) - 10

    def path(sig=signature, until=expires, where=folder, what=name):
        return "/media/%s/%s/%s/%s" % (sig, until, where, what)

    wrong = (("another signature", path(sig=flipped)), ("no signature", path(sig="")), ("another time", path(until=int(expires) + 1)),
             ("another's folder", path(where=other[4])), ("another's picture", path(where=other[4], what=other[5][:-4] + "jpg")),
             ("another's name", path(what=other[5][:-4] + "jpg")), ("a name that is not there", path(what="0" * 32 + ".jpg")),
             ("two endings", path(what=name[:-3] + "webp.jpg")), ("another ending", path(what=name[:-3] + "png")),
             ("up", path(what="..%2f" + name)))
    before = metric(stack, "bezel_http_requests_total")
    for what, wrong_path in wrong:
        is_problem(stack.client().get(wrong_path), 404, "not_found", what)
    late = path(sig=sign(stack, past, folder), until=past)
    is_problem(stack.client().get(late), 410, "link_expired", "an old one")
    is_(metric(stack, "bezel_http_requests_total") - before, 1, "none of them reaches bezel")
    for what, wrong_path in wrong:
        is_(past_nginx(stack, wrong_path)[0], 404, "bezel sees for itself: " + what)
    is_(past_nginx(stack, late)[0], 410, "bezel sees for itself: an old one")
    status, fields, body = past_nginx(stack, address)
    is_((status, body[:3]), (200, b"\xff\xd8\xff"), "bezel sees for itself: a good one")
    ok(b"\r\nContent-Type: image/jpeg\r\n" in fields, "and answers a JPEG", fields)
    is_(past_nginx(stack, address, "fcgi.sock")[0], 503, "quick workers do not make it")


@test
def gone():
    design = make(ann)
    address = jpeg(design["generated_images"][0]["image_url"])
    is_(stack.client().get(address).status, 200, "a picture")
    path = "/v1/designs/" + design["id"]
    is_((ann.delete(path).status, ann.delete(path + "?purge=true").status), (204, 204), "its design is purged")
    wait_for(lambda: stack.client().get(address[:-3] + "webp").status == 404, what="the file to go")
    is_problem(stack.client().get(address), 404, "not_found", "what was kept is not shown any more")


@test
def damaged():
    one, two = (image["image_url"] for image in make(ann)["generated_images"])
    for address, content in ((one, b"no picture at all"), (two, stack.client().get(two).body[:40])):
        folder, name = address.split("/")[4:]
        with open(os.path.join(stack.state, "objects", folder[-2:], folder, name), "r+b") as file:
            file.truncate()
            file.write(content)
        is_problem(stack.client().get(jpeg(address)), 404, "not_found", "a file that is no picture (%d bytes)" % len(content))
    is_(len(stack.events("picture.damaged")), 2, "is logged")


@test
def without_the_program():
    program = os.path.join(other.state, "app", "libexec", "bezel-image")
    address = jpeg(make(guest(other))["generated_images"][0]["image_url"])
    client = other.client(allowed=[503])
    os.rename(program, program + ".away")
    try:
        for name in ("the first time", "not kept"):
            before = metric(other, "bezel_http_errors_total")
            reply = client.get(address)
            is_problem(reply, 503, "unavailable", "no program for pictures: " + name)
            is_(reply.header("Retry-After"), "2", "says when to come again")
            is_(metric(other, "bezel_http_errors_total") - before, 1, "bezel has said so: " + name)
    finally:
        os.rename(program + ".away", program)
    is_(client.get(address).status, 200, "and it is there again")


@test
def not_too_many_at_once():
    """While the slow workers hold still, sixteen of one address wait."""
    address = jpeg(make(guest(other))["generated_images"][1]["image_url"])
    slow = workers(other, "slow")
    for pid in slow:
        other.kill(pid, signal.SIGSTOP)
    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        replies = [pool.submit(other.client().get, address) for _ in range(30)]
        try:
            wait_for(lambda: sum(r.done() for r in replies) >= 14, what="the refusals")
        finally:
            for pid in slow:
                other.kill(pid, signal.SIGCONT)
    replies = [r.result() for r in replies]
    refused = [r for r in replies if r.status != 200]
    is_(len(refused), 14, "of thirty fourteen are sent away")
    is_problem(refused[0], 429, "rate_limited", "too many")
    is_(len({r.body for r in replies if r.status == 200}), 1, "the others get the picture")


stack = Stack(settings={"provider": "mem", "guest_daily": "1000", "guest_address_daily": "100000"}).start()
other = Stack(settings={"provider": "mem"}, flood="1000:2000").start()
ann = guest(stack)
made = make(ann)
main()
