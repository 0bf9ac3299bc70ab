#!/usr/bin/python3
"""What a link looks like elsewhere, through nginx: its card for previews, and its QR codes, which are read by zbar, a reader
that is not ours. What is on the card is looked at as a picture."""
import datetime
import io
import os
import subprocess
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import zbar
from PIL import Image, ImageChops, ImageStat

from members import member
from stack import Stack
from studio import guest, make
from tap import is_, main, ok, test

PASSWORD = "seven small emeralds"
PUBLIC = "public, max-age=0, s-maxage=300, stale-while-revalidate=60, stale-if-error=86400"
TAGS = ("Surrogate-Key", "Cache-Tag", "xkey")
BYTES_MOST = 150000
PICTURE = (0, 0, 480, 630)      # of the card: where the picture is as it is
TEXT = (660, 60, 1136, 520)


def share(identifier, **settings):
    reply = owner.put("/v1/designs/%s/share" % identifier, json=settings)
    assert reply.status in (200, 201), reply
    made = reply.json()
    made["path"] = urllib.parse.urlsplit(made["url"]).path
    made["card"] = made["path"] + "/card.jpg"
    return made


def shared(**settings):
    """A design of its own with a link: no cache has seen it."""
    made = make(owner)
    link = share(made["id"], **settings)
    link["design"] = made
    return link


def qr_path(identifier, kind):
    return "/v1/designs/%s/share/qr.%s" % (identifier, kind)


def look(reply):
    image = Image.open(io.BytesIO(reply.body))
    image.load()
    return image


def apart(one, other, box):
    """Mean difference of a part of two pictures, of 255."""
    one, other = (image.convert("RGB").crop(box) for image in (one, other))
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)


def is_card(reply, name, cache=PUBLIC):
    is_((reply.status, reply.header("Content-Type"), reply.header("Cache-Control")), (200, "image/jpeg", cache), name)
    image = look(reply)
    is_((image.format, image.mode, image.size, bool(image.info.get("progressive")), image.info.get("exif")),
        ("JPEG", "RGB", (1200, 630), True, None), name + ": what it is")
    ok(5000 < len(reply.body) < BYTES_MOST, name + ": its bytes", len(reply.body))
    is_(reply.header("Content-Length"), str(len(reply.body)), name + ": its length is said")
    return image


def is_page(reply, status, name):
    """People are told, whatever the address was."""
    is_((reply.status, reply.header("Content-Type")), (status, "text/html; charset=utf-8"), name)
    ok("no-store" in reply.header("Cache-Control") or status == 410, name + ": is not kept", reply.header("Cache-Control"))
    is_((reply.header("ETag"), [reply.header(tag) for tag in TAGS]), (None, [None] * 3), name + ": no version, no tags")
    return reply


def stored_of(link):
    return stack.db.designs.find_one({"_id": link["design"]["id"]})


# --- the card -------------------------------------------------------------------

@test
def the_card():
    link = shared(title="A ring of ivy")
    reply = stack.client().get(link["card"])
    image = is_card(reply, "the card")
    for header, value in (("X-Content-Type-Options", "nosniff"), ("Content-Disposition", "inline"),
                          ("Cross-Origin-Resource-Policy", "cross-origin")):
        is_(reply.header_all(header), [value], header)
    is_(reply.header_all("Set-Cookie"), [], "no cookie")
    ok("default-src" in reply.header("Content-Security-Policy"), "a policy")
    page = stack.client().get(link["path"])
    for tag in TAGS:
        is_(reply.header(tag), page.header(tag), tag + " as of the page")
    ok("%s/card.jpg" % link["url"] in page.text, "the page names it")
    stored = stored_of(link)
    head = "".join("%s: %s\n" % pair for pair in reply.headers.items())
    for secret in (stored["_id"], owner.user, stored["current_version"]["image_id"]):
        ok(secret not in head and secret.encode() not in reply.body, "no id is told", secret)
    shown = [i for i in link["design"]["generated_images"] if i["image_id"] == link["design"]["current_version"]["image_id"]][0]
    picture = look(owner.get(shown["image_url"]))
    side = picture.convert("RGB").resize((630, 630)) if picture.width == picture.height else None
    ok(side is not None, "the picture is a square", picture.size)
    ok(apart(image, side, PICTURE) < 6, "it is there as a whole", apart(image, side, PICTURE))
    ok(ImageStat.Stat(image.convert("L").crop(TEXT)).stddev[0] > 5, "and something is written beside it")


@test
def what_is_written():
    link = shared()
    plain = stack.client().get(link["card"])
    share(link["design"]["id"], title="Ivy")
    titled = stack.client().get(link["card"])
    before, after = is_card(plain, "without a title"), is_card(titled, "with one")
    ok(apart(before, after, TEXT) > 1, "the title is written", apart(before, after, TEXT))
    ok(apart(before, after, PICTURE) < 1, "the picture is the same", apart(before, after, PICTURE))
    ok(plain.header("ETag") != titled.header("ETag"), "another version")
    seen = set()
    for title in ("<b>Ivy</b>", "&lt;Ivy", "x" * 120, "\u0628\u062d\u0631 \u05d0\u05d1", "\u7d2b\u6c34\u6676", "Ivy \U0001f984"):
        share(link["design"]["id"], title=title)
        reply = stack.client().get(link["card"])
        is_card(reply, "%.20r" % title)
        seen.add(reply.body)
    is_(len(seen), 6, "each title is another card")
    ok(titled.body in seen, "but a unicorn is not drawn")


@test
def another_picture():
    link = shared(title="Ivy")
    first = is_card(stack.client().get(link["card"]), "the first picture")
    other = [i for i in link["design"]["generated_images"] if i["image_id"] != link["design"]["current_version"]["image_id"]][0]
    is_(owner.post("/v1/designs/%s/select" % link["design"]["id"], json={"image_id": other["image_id"]}).status, 200, "chosen")
    second = is_card(stack.client().get(link["card"]), "the second")
    ok(apart(first, second, PICTURE) > 1, "is another card", apart(first, second, PICTURE))


@test
def asked_again():
    link = shared()
    client = stack.client()
    first = client.get(link["card"])
    ok(first.header("ETag").startswith('"c1-'), "a version", first.header("ETag"))
    reply = client.get(link["card"], headers={"If-None-Match": first.header("ETag")})
    is_((reply.status, reply.body), (304, b""), "304 for who has it")
    is_(client.get(link["card"], headers={"If-None-Match": '"else"'}).status, 200, "not for who has another")
    ok(client.get(link["card"]).body == first.body, "the same bytes")
    for name, keywords in (("a query", {"path": link["card"] + "?utm=1"}), ("cookies", {"headers": {"Cookie": "bezel=a; bezel=b"}}),
                           ("an Origin", {"headers": {"Origin": "https://evil.example"}})):
        path = keywords.pop("path", link["card"])
        ok(client.get(path, **keywords).body == first.body, name + " counts for nothing")
    ok(owner.get(link["card"]).body == first.body, "nor who asks")
    reply = client.head(link["card"])
    is_((reply.status, reply.header("Content-Type"), reply.body), (200, "image/jpeg", b""), "HEAD")
    is_(reply.header("Content-Length"), str(len(first.body)), "HEAD says how long it is")
    is_(client.post(link["card"], json={}).status, 405, "POST")


@test
def locked():
    link, missing = shared(title="Ivy", password=PASSWORD), shared()
    nothing = stack.client().get(missing["card"][:-len("/card.jpg")][:-1] + "0/card.jpg")
    reply = is_page(stack.client().get(link["card"]), 404, "without the password there is no card")
    is_(reply.body, nothing.body, "and no word of it")
    ok("card.jpg" not in stack.client().get(link["path"]).text, "nor does its page name one")
    client = stack.client()
    is_(client.post("/v1/shares/%s/unlock" % link["token"], json={"password": PASSWORD}).status, 204, "the password")
    cookie = "; ".join("%s=%s" % pair for pair in client.cookies.items())
    reply = stack.client().get(link["card"], headers={"Cookie": cookie})
    is_card(reply, "with it there is one", "private, no-store")
    is_((reply.header("ETag"), [reply.header(tag) for tag in TAGS]), (None, [None] * 3), "that nobody keeps")
    is_page(stack.client().get(link["card"]), 404, "and others still get none")
    is_page(stack.client().get(link["card"], headers={"Cookie": cookie[:-2] + "AA"}), 404, "a forged cookie")
    share(link["design"]["id"], password="eight small emeralds")
    is_page(stack.client().get(link["card"], headers={"Cookie": cookie}), 404, "another password ends the cookie")
    opened = shared(title="Ivy")
    is_card(stack.client().get(opened["card"]), "an open one")
    share(opened["design"]["id"], password=PASSWORD)
    is_page(stack.client().get(opened["card"]), 404, "that gets a password is closed at once")


@test
def over():
    link = shared()
    now = datetime.datetime.utcnow()
    stack.db.designs.update_one({"_id": link["design"]["id"]}, {"$set": {"share_settings.expires_at": now - datetime.timedelta(seconds=5)}})
    is_page(stack.client().get(link["card"]), 410, "an expired one")
    link = shared()
    token = link["path"][3:]
    nothing = is_page(stack.client().get("/s/%s/card.jpg" % ("A" * 64)), 404, "a token that is none")
    for name, path in (("forged", "/s/%s/card.jpg" % (token[:-1] + ("A" if token[-1] != "A" else "B"))),
                       ("short", "/s/abc/card.jpg"), ("long", "/s/%s/card.jpg" % (token + "A"))):
        is_(is_page(stack.client().get(path), 404, name).body, nothing.body, name + ": the same")
    is_card(stack.client().get(link["card"]), "one that lives")
    is_(owner.delete("/v1/designs/%s/share" % link["design"]["id"]).status, 204, "revoked")
    is_(is_page(stack.client().get(link["card"]), 404, "a revoked one").body, nothing.body, "the same")
    is_(owner.post("/v1/designs/%s/share/restore" % link["design"]["id"]).status, 200, "and back")
    is_card(stack.client().get(link["card"]), "lives again")
    is_(owner.delete("/v1/designs/" + link["design"]["id"]).status, 204, "the design goes into the trash")
    is_(is_page(stack.client().get(link["card"]), 404, "one in the trash").body, nothing.body, "the same")


def object_of(link, on=None):
    on = on or stack
    stored = on.db.designs.find_one({"_id": link["design"]["id"]})
    key = [i for i in stored["generated_images"] if i["image_id"] == stored["current_version"]["image_id"]][0]["image_url"]
    folder = key.split("/")[0]
    return os.path.join(on.state, "objects", folder[-2:], key)


@test
def damaged():
    gone, cut, none = shared(), shared(), shared()
    os.remove(object_of(gone))
    for link, content in ((cut, b"RIFF\x40\0\0\0WEBPVP8 "), (none, b"no picture at all")):
        with open(object_of(link), "r+b") as file:
            file.truncate()
            file.write(content)
    for name, link in (("gone", gone), ("cut", cut), ("none", none)):
        is_page(stack.client().get(link["card"]), 404, "a picture that is " + name)
    is_(len(stack.events("picture.damaged")), 2, "is logged")


@test
def without_the_program():
    program = os.path.join(other.state, "app", "libexec", "bezel-image")
    client = member(other)
    made = make(client)["id"]
    link = client.put("/v1/designs/%s/share" % made, json={}).json()
    card = urllib.parse.urlsplit(link["url"]).path + "/card.jpg"
    os.rename(program, program + ".away")
    try:
        reply = other.client(allowed=[503]).get(card)
        is_((reply.status, reply.header("ETag"), [reply.header(tag) for tag in TAGS]), (503, None, [None] * 3), "no program: 503")
        ok(reply.header("Retry-After"), "to be asked again")
    finally:
        os.rename(program + ".away", program)
    is_card(other.client().get(card), "and it is there again")


@test
def made_once():
    """Also while the gate of a link is closed, and nginx asks for each request."""
    eve = member(other)
    client, design = other.client(), make(eve)
    path = "/v1/designs/%s/share" % design["id"]
    card = urllib.parse.urlsplit(eve.put(path, json={"title": "Ivy"}).json()["url"]).path + "/card.jpg"
    first = client.get(card)
    is_card(first, "the first time")
    os.remove(object_of({"design": design}, other))
    again = client.get(card)
    is_((first.header("X-Cache"), again.header("X-Cache"), again.body == first.body), ("BYPASS", "BYPASS", True), "the same one again")
    is_(eve.put(path, json={"title": "Oak"}).status, 200, "another title")
    is_page(client.get(card), 404, "would be another card, of a picture that is gone")
    is_(eve.put(path, json={"title": "Ivy"}).status, 200, "the title of before")
    ok(client.get(card).body == first.body, "is the card of before")
    is_(eve.delete(path).status, 204, "revoked")
    is_page(client.get(card), 404, "nobody gets one that was made")
    is_(eve.post(path + "/restore").status, 200, "undone")
    is_(eve.put(path, json={"password": PASSWORD}).status, 200, "with a password")
    is_page(client.get(card), 404, "neither")


# --- codes to scan -----------------------------------------------------------------

def read(image):
    """What a reader sees: the texts of all codes."""
    grey = image.convert("L")
    scanned = zbar.Image(grey.width, grey.height, "Y800", grey.tobytes())
    scanner = zbar.ImageScanner()
    scanner.scan(scanned)
    return [(str(symbol.type), symbol.data) for symbol in scanned]


def rasterised(svg, width):
    done = subprocess.run(["rsvg-convert", "-w", str(width), "-h", str(width)], input=svg, stdout=subprocess.PIPE, check=True, timeout=60)
    return Image.open(io.BytesIO(done.stdout))


def is_file(reply, kind, name):
    is_((reply.status, reply.header("Content-Type"), reply.header("Cache-Control"), reply.header("Content-Disposition")),
        (200, {"svg": "image/svg+xml", "png": "image/png"}[kind], "private, no-store", 'attachment; filename="bezel-link.%s"' % kind), name)


@test
def codes_are_read():
    link = shared()
    identifier = link["design"]["id"]
    reply = owner.get(qr_path(identifier, "svg"))
    is_file(reply, "svg", "an SVG")
    ok(b"script" not in reply.body and link["token"].encode() not in reply.body, "with nothing but a path in it")
    for width in (200, 512, 777):
        is_(read(rasterised(reply.body, width)), [("QRCODE", link["url"])], "zbar reads it, %d pixels" % width)
    for query, side in (("", 512), ("?size=128", 128), ("?size=333", 333), ("?size=2048", 2048)):
        reply = owner.get(qr_path(identifier, "png") + query)
        is_file(reply, "png", "a PNG" + query)
        image = look(reply)
        is_((image.format, image.mode, image.size), ("PNG", "1", (side, side)), "of one bit, %d pixels" % side)
        is_(read(image), [("QRCODE", link["url"])], "zbar reads it")
    turned = look(owner.get(qr_path(identifier, "png"))).convert("L").rotate(17, fillcolor=255, expand=True)
    is_(read(turned), [("QRCODE", link["url"])], "also turned")
    spoilt = look(owner.get(qr_path(identifier, "png"))).convert("L")
    spoilt.paste(255, (250, 250, 300, 300))
    is_(read(spoilt), [("QRCODE", link["url"])], "and with a spot on it")


@test
def who_gets_codes():
    link, plain = shared(), make(owner)
    identifier = link["design"]["id"]
    for kind in ("svg", "png"):
        path = qr_path(identifier, kind)
        for name, client, status, code in (("nobody", stack.client(), 401, "session_required"), ("a guest", guest(stack), 403, "account_required"),
                                           ("another member", other_member, 404, "not_found")):
            reply = client.get(path)
            is_((reply.status, reply.json()["code"]), (status, code), "%s: %s" % (kind, name))
        is_(owner.get(qr_path(plain["id"], kind)).status, 404, kind + ": not shared")
        is_(owner.get(qr_path("nonsense", kind)).status, 404, kind + ": no id")
    for scope, status in (("shares:read", 200), ("designs:read", 403)):
        key = owner.post("/v1/api-keys", json={"name": scope, "scopes": [scope]}).json()["key"]
        got = [stack.client(headers={"Authorization": "Bearer " + key}).get(qr_path(identifier, kind)).status for kind in ("svg", "png")]
        is_(got, [status] * 2, "a key with " + scope)
    owner.delete("/v1/designs/%s/share" % identifier)
    is_([owner.get(qr_path(identifier, kind)).status for kind in ("svg", "png")], [404] * 2, "revoked")


@test
def sizes_that_are_none():
    identifier = shared()["design"]["id"]
    for query in ("size=127", "size=2049", "size=-512", "size=1e3", "size=", "size=0512", "size=512&size=512", "size=99999999999999999999", "width=5"):
        reply = owner.get(qr_path(identifier, "png") + "?" + query)
        is_((reply.status, reply.json()["code"]), (400, "bad_query"), query)
    is_(owner.get(qr_path(identifier, "svg") + "?size=512").status, 400, "an SVG has no size")


SETTINGS = {"provider": "mem", "job_workers": 1, "job_slots": 2, "free_designs_monthly": 1000, "free_designs_daily": 1000, "share_daily": 1000}
stack = Stack(settings=SETTINGS).start()
other = Stack(settings={**SETTINGS, "slow_workers": 1}).start()
owner = member(stack)
other_member = member(stack)
main()
