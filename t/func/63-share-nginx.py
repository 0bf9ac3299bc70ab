#!/usr/bin/python3
"""What nginx keeps of links to designs, with a stand-in for bezel that answers what it is told, when it is told: hits,
misses, gates, stale answers, crowds, pictures, and what never reaches a log."""
import base64
import hashlib
import hmac
import json
import os
import random
import re
import string
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from stack import SLOWER, STUB, Stack, wait_for
from tap import about_no_bezel, is_, main, ok, test

KEPT = "public, max-age=0, s-maxage=300"
ALPHABET = string.ascii_letters + string.digits + "-_"
KEY = b"\x5a" * 32  # the stand-in's
IMAGE = "0123456789abcdef0123456789abcdef.webp"


def var(*names):
    return os.path.join(stack.state, "var", *names)


def token():
    """Nobody's, of version 2 and of a key that nginx does not know: it looks at its form alone."""
    return "Av_" + "".join(random.choice(ALPHABET) for _ in range(61))


def signed(key=KEY):
    """As bezel would make it: version 2, key 1."""
    text = b"\x02\x01" + os.urandom(28)
    return base64.urlsafe_b64encode(text + hmac.digest(key, text, "sha256")[:18]).decode()


def other(char):
    return "A" if char != "A" else "B"


def say(text, control=KEPT, status="200 OK", more=""):
    """From now on the worker answers so."""
    body = ("Status: %s\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: %s\r\n%s\r\n%s" % (
        status, control, more, text)).encode()
    with open(var("answer.new"), "wb") as file:
        file.write(body)
    os.rename(var("answer.new"), var("answer"))


def hang_up():
    with open(var("answer.new"), "wb"):
        pass
    os.rename(var("answer.new"), var("answer"))


def asked(path=None):
    """What the worker was asked, oldest first."""
    try:
        with open(var("asked"), encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
    except FileNotFoundError:
        return []
    return [line for line in lines if path is None or dict(line["params"])["REQUEST_URI"] == path]


def hold():
    with open(var("hold"), "wb"):
        pass


def release():
    os.unlink(var("hold"))


def close_gate(name):
    os.makedirs(var("gates"), 0o755, exist_ok=True)
    with open(var("gates", name), "wb"):
        pass


def open_gate(name):
    os.unlink(var("gates", name))


def kept_file(path):
    """Where nginx keeps the answer to that path."""
    digest = hashlib.md5(path.encode()).hexdigest()
    return var("share-cache", digest[-1], digest[-3:-1], digest)


def kept_files():
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(var("share-cache")) for name in names)


def seen(reply):
    return reply.status, reply.header("X-Cache"), reply.text


def in_background(*jobs):
    """Runs each in a thread; returns a function that waits for their results."""
    results = [None] * len(jobs)

    def run(i):
        results[i] = jobs[i]()
    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(jobs))]
    for thread in threads:
        thread.start()

    def wait():
        for thread in threads:
            thread.join(60 * SLOWER)
        return results
    return wait


@test
def kept_and_served():
    for form in ("/s/%s", "/s/%s/card.jpg", "/v1/shares/%s"):
        path = form % token()
        say("first")
        is_(seen(client.get(path)), (200, "MISS", "first"), form + ": asked for")
        say("second")
        is_(seen(client.get(path)), (200, "HIT", "first"), form + ": kept")
        is_(len(asked(path)), 1, form + ": one request reached a worker")
        ok(os.path.exists(kept_file(path)), form + ": under the name that bezel computes")


@test
def revalidations():
    """A CDN asks again with the tag that it has. nginx compares, a worker never hears of it: else a 304 without a body
    could be kept for all."""
    for form in ("/s/%s", "/s/%s/card.jpg", "/v1/shares/%s"):
        name = token()
        path = form % name
        tagged = "ETag: \"v%d\"\r\nSurrogate-Key: s-1 d-1\r\n"

        def ask(tag, path=path, **more):
            return client.get(path, headers={"If-None-Match": tag, **more})
        say("first", more=tagged % 1)
        reply = ask('"v1"')
        is_((reply.status, reply.body), (304, b""), form + ": not sent to who has it, though it is asked for anew")
        is_([reply.header(each) for each in ("ETag", "Cache-Control", "Surrogate-Key")], ['"v1"', KEPT, "s-1 d-1"],
            "with what makes it fresh again")
        is_(seen(client.get(path)), (200, "HIT", "first"), "and kept whole")
        is_([[key for key, _ in line["params"] if key.startswith("HTTP_")] for line in asked(path)], [[]], "asked for once, without the tag")
        for tag, status in (('"v1"', 304), ('W/"v1"', 304), ('"v0", "v1"', 304), ("*", 304), ('"v0"', 200), ('"v"', 200)):
            reply = ask(tag)
            is_((reply.status, reply.header("X-Cache"), reply.text), (status, "HIT", "first" if status == 200 else ""), "kept: " + tag)
        close_gate(name)
        say("second", more=tagged % 2)
        reply = ask('"v1"')
        is_((reply.status, reply.text, reply.header("ETag")), (200, "second", '"v2"'), "while it changes: what has changed is sent")
        is_((ask('"v2"').status, len(asked(path))), (304, 3), "what has not, is not, and a worker is asked for both")
        open_gate(name)
        os.unlink(kept_file(path))
        is_((ask('"v1"').status, ask('"v2"').status), (200, 304), "and then who has the new one has it")
    path = "/s/" + token()
    say("long " * 1000, more=tagged % 1)
    packed = client.get(path, headers={"Accept-Encoding": "gzip"})
    is_((packed.header("Content-Encoding"), packed.header("ETag")), ("gzip", 'W/"v1"'), "compressed: a weak tag")
    is_(client.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": 'W/"v1"'}).status, 304, "which serves as well")


@test
def nothing_of_the_request_matters():
    path = "/s/" + token()
    variants = [{"Accept-Encoding": "br, gzip"}, {"Accept-Language": "de"}, {"Host": "evil.example"}, {"Range": "bytes=0-2"},
                {"Cookie": "bezel=2.abc; other=1"}, {"User-Agent": "x" * 200}, {"If-None-Match": '"other"'},
                {"Authorization": "Bearer x"}, {"Origin": "https://evil.example"}, {"X-Forwarded-Host": "evil.example"},
                {"Cache-Control": "no-cache"}, {"Pragma": "no-cache"}, {"X-Request-Id": "harmless-12345"}]
    say("the one", more="Vary: Accept-Encoding, Cookie\r\nX-Request-Id: first\r\n")
    for headers in variants:
        client.get(path, headers=headers)
        client.get(path + "?" + os.urandom(4).hex(), headers=headers)
        client.head(path, headers=headers)
    is_(len(asked(path)), 1, "no header and no query makes another entry, or goes past it")
    got = dict(asked(path)[0]["params"])
    is_(sorted(got), ["BEZEL_REQUEST_ID", "REMOTE_ADDR", "REQUEST_METHOD", "REQUEST_URI", "SERVER_PROTOCOL"],
        "the worker is told no more than the address")
    raw = client.raw(b"GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" % path.replace("/s/", "//s/./").encode())
    ok(b"HIT" in raw and len(asked(path)) == 1, "another spelling is the same address", raw[:300])


@test
def head_does_not_poison():
    path = "/s/" + token()
    say("a whole body")
    reply = client.head(path)
    is_((reply.status, reply.header("X-Cache"), reply.body), (200, "MISS", b""), "HEAD comes first")
    is_(dict(asked(path)[0]["params"])["REQUEST_METHOD"], "GET", "a worker is asked with GET")
    is_(seen(client.get(path)), (200, "HIT", "a whole body"), "GET has the body")


@test
def compressed_by_nginx():
    path = "/s/" + token()
    say("compress me " * 500)
    client.get(path)
    packed = client.get(path, headers={"Accept-Encoding": "gzip"})
    is_((packed.header("X-Cache"), packed.header("Content-Encoding"), packed.header("Vary")), ("HIT", "gzip", "Accept-Encoding"),
        "for who can take it")
    plain = client.get(path)
    is_((plain.header("X-Cache"), plain.header("Content-Encoding"), len(plain.body)), ("HIT", None, 6000), "else not")


@test
def what_is_not_kept():
    before = kept_files()
    for name, words in {"no-store": {"control": "private, no-store"}, "404": {"control": "no-store", "status": "404 Not Found"},
                        "a cookie": {"more": "Set-Cookie: a=b\r\n"}, "no word about it": {"control": "max-age=0"},
                        "a refusal": {"control": "no-store", "status": "403 Forbidden"}}.items():
        path = "/s/" + token()
        say("x", **words)
        is_([client.get(path).header("X-Cache") for _ in range(2)], ["MISS"] * 2, name + " is not kept")
    say("nothing", control="no-store", status="404 Not Found")
    for _ in range(300):
        client.get("/s/" + token())
    for path in ("/s/short", "/s/" + token() + "x", "/s/" + token()[:-1] + "%2d", "/s/" + token() + "/", "/v1/shares/x"):
        client.get(path)
    is_(kept_files(), before, "hundreds of forged addresses fill nothing")


FORMS = ("/s/%s", "/s/%s/card.jpg", "/v1/shares/%s", "/s/%s/i/" + IMAGE)


def refused(path, what):
    """By nginx alone, as a worker would do it."""
    before = len(asked())
    for reply in (client.get(path), client.head(path), client.get(path + "?x=" + os.urandom(4).hex(), headers={"Cookie": "bezel-s=x"})):
        is_((reply.status, reply.header("Cache-Control"), reply.header("X-Cache")), (404, "no-store", None), what)
    is_(len(asked()), before, what + ": no worker is asked")


@test
def what_is_made_up():
    say("a worker's", control="no-store")
    for form in FORMS:
        good = signed()
        is_(client.get(form % good).text, "a worker's", form + ": a link that we have made is asked for")
        is_(len(asked(form % good)), 1, form + ": of a worker")
        for at in range(3, 64, 1 if form == "/s/%s" else 10):
            refused(form % (good[:at] + other(good[at]) + good[at + 1:]), "%s: the character %d is another" % (form, at))
        refused(form % signed(b"\xa5" * 32), form + ": another installation's")
        refused(form % (good[:40] + good[39:63]), form + ": shifted")
        for kind in ("AgA", "AgI", "Av_"):
            is_(client.get(form % (kind + good[3:])).text, "a worker's", "%s: %s is a key that nginx does not know" % (form, kind))
        for kind in ("AwE", "AfE", "AQE", "BgE", "agE", "___"):
            if "/i/" not in form:
                refused(form % (kind + good[3:]), "%s: %s is another version" % (form, kind))
    for form in ("/s/%s", "/v1/shares/%s"):
        good = signed()
        for name, cut in {"cut": good[:-1], "longer": good + "A", "half": good[:32], "another alphabet": good[:-1] + "%2e", "of none": "x",
                          "with bytes": "%C3%A4%00", "empty": ""}.items():
            refused(form % cut, form + ": " + name) if name != "with bytes" else is_(
                client.get(form % cut).status, 400, "what is no address")
        before = len(asked())
        client.post(form % good[:-1], body=b"password=x")
        client.request("DELETE", form % good[:-1])
        is_(len(asked()), before + 2, "what would change something is a worker's to refuse")
    page, problem = client.get("/s/x"), client.get("/v1/shares/x?y")
    is_((page.header("Content-Type"), page.text), ("text/html; charset=utf-8", "There is nothing here."), "a page for people")
    is_((problem.header("Content-Type"), problem.json()["code"], problem.json()["instance"], problem.json()["request_id"]),
        ("application/problem+json", "not_found", "/v1/shares/x", problem.header("X-Request-Id")), "a problem for programs")


@test
def a_worker_has_linked_its_picture():
    """Then the link is one that we have made, and its MAC is not looked at."""
    for form in FORMS[:3]:
        name = "AgE" + token()[3:]
        refused(form % name, form + ": before")
        os.makedirs(var("shares", name))
        say("a worker's")
        is_(client.get(form % name).text, "a worker's", form + ": a worker is asked")
        os.rmdir(var("shares", name))
        os.path.exists(kept_file(form % name)) and os.unlink(kept_file(form % name))
        refused(form % name, form + ": and after")


@test
def a_crowd_on_what_is_made_up():
    """It does not wait for a worker, nor for each other."""
    name = "AgE" + token()[3:]
    other_one = "/s/" + signed()
    say("a worker's")
    hold()
    held = in_background(lambda: client.get(other_one))
    wait_for(lambda: asked(other_one), 10, "the worker to be busy")
    crowd = in_background(*[lambda: [client.get("/s/" + name).status for _ in range(20)]] * 20)()
    release()
    is_(crowd, [[404] * 20] * 20, "400 are answered while no worker answers")
    is_((held()[0].text, asked("/s/" + name)), ("a worker's", []), "none of them asks")


@test
def a_gate_is_closed():
    name = token()
    path = "/s/" + name
    say("old")
    client.get(path)
    close_gate(name)
    say("new")
    is_(seen(client.get(path)), (200, "BYPASS", "new"), "what is kept is not shown")
    say("newer")
    is_([seen(client.get(path))[2], client.head(path).header("X-Cache")], ["newer", "BYPASS"], "nor is anything kept")
    open_gate(name)
    is_(seen(client.get(path)), (200, "HIT", "old"), "without removing it, it would come back")
    os.unlink(kept_file(path))
    is_(seen(client.get(path)), (200, "MISS", "newer"), "removed, it is asked for")
    is_(seen(client.get(path)), (200, "HIT", "newer"), "and kept again")


@test
def a_miss_on_its_way():
    """It has read the old state, and comes when the new one is told already."""
    name = token()
    path = "/s/" + name
    say("old")
    hold()
    first = in_background(lambda: client.get(path))
    wait_for(lambda: asked(path), 10, "the miss")
    close_gate(name)
    say("new")
    others = in_background(*[lambda: client.get(path)] * 8)
    time.sleep(0.3)
    release()
    is_(first()[0].text, "old", "who asked before gets what was")
    is_({seen(reply) for reply in others()}, {(200, "BYPASS", "new")}, "who asks after the change does not wait for it")
    wait_for(lambda: os.path.exists(kept_file(path)), 10, "the old answer to be stored")
    is_({seen(client.get(path)) for _ in range(50)}, {(200, "BYPASS", "new")}, "stored, but nobody sees it")
    os.unlink(kept_file(path))
    open_gate(name)
    is_([seen(client.get(path))[1:] for _ in range(2)], [("MISS", "new"), ("HIT", "new")], "gone with the gate")


@test
def a_crowd_asks_once():
    path = "/s/" + token()
    say("once")
    hold()
    crowd = in_background(*[lambda: client.get(path)] * 20)
    wait_for(lambda: asked(path), 10, "the first")
    time.sleep(0.2)
    release()
    is_({reply.text for reply in crowd()}, {"once"}, "20 at once have it")
    is_(len(asked(path)), 1, "one of them reached a worker")


@test
def who_has_unlocked_it():
    path = "/s/" + token()
    say("for one", control="private, no-store")
    cookie = "a=1; bezel_%d-s=abc.DEF_1-2; b=2" % stack.port
    is_(seen(client.get(path, headers={"Cookie": cookie})), (200, "BYPASS", "for one"), "the cache is left out")
    is_(dict(asked(path)[0]["params"]).get("HTTP_COOKIE"), "bezel_%d-s=abc.DEF_1-2" % stack.port,
        "the one cookie reaches the worker, and no other")
    for good in ("__Secure-bezel-s=x", "bezel-s=x"):
        client.get(path, headers={"Cookie": good})
        is_(dict(asked(path)[-1]["params"]).get("HTTP_COOKIE"), good, good)
    for bad in ("xbezel-s=x", "bezel-s=", "bezel-sx=x", "bezel-s", "bezel=2.x"):
        client.get(path, headers={"Cookie": bad})
        is_(dict(asked(path)[-1]["params"]).get("HTTP_COOKIE"), None, bad + " is none of ours")
    say("kept?")	# what a worker says for all
    client.get(path, headers={"Cookie": "bezel-s=x"})
    ok(not os.path.exists(kept_file(path)), "an answer to that cookie is never kept")
    card = "/s/" + token() + "/card.jpg"
    say("for one")
    is_(seen(client.get(card, headers={"Cookie": "bezel-s=x"})), (200, "MISS", "for one"), "a card that is not kept: a worker knows")
    is_(dict(asked(card)[0]["params"]).get("HTTP_COOKIE"), "bezel-s=x", "by that cookie")
    ok(not os.path.exists(kept_file(card)), "nor is that kept")
    say("for all")
    client.get(card)
    say("made anew")
    is_({seen(client.get(card, headers={"Cookie": "bezel-s=x"})) for _ in range(3)}, {(200, "HIT", "for all")},
        "with any cookie, nobody has a kept one made anew")


@test
def stale_while_bezel_is_away():
    path = "/s/" + token()
    say("fresh", control="public, max-age=0, s-maxage=1, stale-while-revalidate=1, stale-if-error=60")
    client.get(path)
    time.sleep(3.5)  # its seconds are whole
    say("down", control="no-store", status="503 Service Unavailable")
    is_(seen(client.get(path)), (200, "STALE", "fresh"), "a worker's 503: what was kept")
    hang_up()
    is_(seen(client.get(path)), (200, "STALE", "fresh"), "a worker that dies: the same")
    is_(client.head(path).status, 200, "for HEAD too")
    other = "/s/" + token()
    reply = client.get(other)
    is_((reply.status, reply.header("Content-Type")[:9], reply.header("Retry-After"), reply.header("Cache-Control")),
        (503, "text/html", "1", "no-store"), "what is not kept: a page")
    ok("cannot be shown now" in reply.text, "that says so", reply.text)
    reply = client.get(other.replace("/s/", "/v1/shares/"))
    is_((reply.status, reply.json()["code"]), (503, "unavailable"), "or a problem, of JSON")
    close_gate(path[3:])
    is_(client.get(path).status, 503, "behind a gate nothing is kept")
    open_gate(path[3:])
    say("ended", control="no-store", status="410 Gone")
    is_(seen(client.get(path))[::2], (410, "ended"), "but an answer of bezel's counts: ended")
    say("back", control="public, max-age=0, s-maxage=1, stale-while-revalidate=30, stale-if-error=60")
    is_(seen(client.get(path))[::2], (200, "back"), "bezel is back: at once")
    time.sleep(2)
    say("renewed")
    is_(seen(client.get(path))[1:], ("STALE", "back"), "while one request asks")
    wait_for(lambda: client.get(path).text == "renewed", 5, "the renewed one")


@test
def stale_has_an_end():
    """A link that ends, ends, also while bezel is away."""
    path = "/s/" + token()
    say("ending", control="public, max-age=0, s-maxage=1, stale-while-revalidate=1, stale-if-error=3")
    client.get(path)
    say("down", control="no-store", status="503 Service Unavailable")
    time.sleep(1.2)
    is_(seen(client.get(path))[::2], (200, "ending"), "stale for its time")
    time.sleep(4.5)
    is_(client.get(path).status, 503, "and then no more")


@test
def stale_is_not_for_what_is_gone():
    """Should a gate ever be missing, a 404 is no error that a stale page may take the place of."""
    path = "/s/" + token()
    for status in ("404 Not Found", "403 Forbidden", "410 Gone"):
        path = "/s/" + token()
        say("was here", control="public, max-age=0, s-maxage=1, stale-if-error=60")
        client.get(path)
        time.sleep(2)
        say("gone", control="no-store", status=status)
        is_(seen(client.get(path))[::2], (int(status[:3]), "gone"), status)


@test
def other_methods():
    path = "/s/" + token()
    say("formed", control="no-store")
    reply = client.post(path, body=b"password=x", headers={"Content-Type": "application/x-www-form-urlencoded"})
    is_((reply.text, asked(path)[-1]["socket"]), ("formed", "listen_slow"), "the form goes to a slow worker")
    is_(dict(asked(path)[-1]["params"])["REQUEST_METHOD"], "POST", "as it is")
    client.request("PUT", path, body=b"x")
    is_(dict(asked(path)[-1]["params"])["REQUEST_METHOD"], "PUT", "what bezel refuses it refuses itself")
    path = "/v1/shares/%s/unlock" % token()
    client.post(path, json={"password": "x"})
    is_(asked(path)[-1]["socket"], "listen_slow", "passwords are slow")
    path = "/v1/shares/%s/views" % token()
    client.post(path, json={})
    is_((asked(path)[-1]["socket"], asked(path)[-1]["keep_conn"]), ("listen", True), "views are quick")
    path = "/s/%s/card.jpg" % token()
    client.get(path)
    is_(asked(path)[-1]["socket"], "listen_slow", "a card is slow")


@test
def pictures():
    name = token()
    path = "/s/%s/i/%s" % (name, IMAGE)
    say("", control="public, max-age=0, s-maxage=100",
        more="X-Accel-Redirect: /.objects/019a-f3/%s\r\nSurrogate-Key: s-1 d-1\r\nCache-Tag: s-1,d-1\r\n" % IMAGE)
    folder = os.path.join(stack.state, "objects", "f3", "019a-f3")
    os.makedirs(folder, 0o755)
    os.chmod(os.path.dirname(folder), 0o755)
    with open(os.path.join(folder, IMAGE), "wb") as file:
        file.write(b"a picture")
    reply = client.get(path + "?x=1", headers={"Accept-Encoding": "gzip", "Cookie": "a=b"})
    is_((reply.status, reply.text, reply.header("Content-Type")), (200, "a picture", "text/html; charset=utf-8"),
        "where the worker says that it is, with the worker's type")
    is_((reply.header("Cache-Control"), reply.header("Surrogate-Key"), reply.header("Cache-Tag")),
        ("public, max-age=0, s-maxage=100", "s-1 d-1", "s-1,d-1"), "with its word for caches, and its tags")
    is_((reply.header("X-Content-Type-Options"), reply.header("Cross-Origin-Resource-Policy")), ("nosniff", "cross-origin"),
        "safe, and for others' pages")
    is_(sorted(dict(asked(path)[0]["params"])),
        ["BEZEL_REQUEST_ID", "REMOTE_ADDR", "REQUEST_METHOD", "REQUEST_URI", "SERVER_PROTOCOL"], "it is told the address")
    is_(client.get("/.objects/019a-f3/" + IMAGE).status, 404, "nobody else gets there")
    os.makedirs(var("shares", name), 0o755)
    os.link(os.path.join(folder, IMAGE), var("shares", name, IMAGE))
    os.chmod(var("shares"), 0o755)
    before = len(asked(path))
    reply = client.get(path)
    is_((reply.status, reply.text, len(asked(path)) - before), (200, "a picture", 0), "linked: nginx alone")
    is_({key: reply.header(key) for key in ("Content-Type", "Cache-Control", "Content-Disposition", "X-Content-Type-Options",
                                            "Cross-Origin-Resource-Policy", "Surrogate-Key", "Cache-Tag", "xkey")},
        {"Content-Type": "image/webp", "Cache-Control": "public, max-age=0, s-maxage=86400", "Content-Disposition": "inline",
         "X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "cross-origin", "Surrogate-Key": "h-" + name[:24],
         "Cache-Tag": "h-" + name[:24], "xkey": "h-" + name[:24]}, "its headers")
    is_(client.get(path, headers={"If-None-Match": reply.header("ETag")}).status, 304, "not sent twice")
    close_gate(name)
    say("no", control="no-store", status="404 Not Found")
    is_((client.get(path).status, client.head(path).status), (404, 404), "a gate: a worker is asked, whatever is linked")
    open_gate(name)
    is_(client.get(path).status, 200, "linked still")
    for other in ("/s/%s/i/..%%2f..%%2fetc" % name, "/s/%s/i/.webp" % name, "/s/%s/i/x.webp.html" % name):
        is_(client.get(other).status, 404, "no other file: " + other[60:])


@test
def told_to_this_machine_alone():
    path = "/s/" + token()
    say("x")
    is_(client.get(path).header("X-Cache"), "MISS", "here")
    for header in ("X-Forwarded-For", "Forwarded", "Via"):
        is_(client.get(path, headers={header: "for=1"}).header("X-Cache"), None, "not behind " + header)


def parse_raw(data):
    head, _, body = data.partition(b"\r\n\r\n")
    headers = dict(line.decode().split(": ", 1) for line in head.split(b"\r\n")[1:])
    return int(data[9:12]), headers, body.decode()


@test
def errors_are_pages_for_people():
    """What nginx refuses below /s/ is told to people, with nothing of the request in it; elsewhere it is a problem."""
    name = token()
    hang_up()
    begin = b"GET /s/%s" % name.encode()
    many = b"".join(b"X-%d: %s\r\n" % (i, b"x" * 4000) for i in range(10))
    for what, status, request in (
            ("an address that is too long", 414, begin + b"?" + b"x" * 9000 + b" HTTP/1.1\r\nHost: h\r\n\r\n"),
            ("headers that are", 431, begin + b" HTTP/1.1\r\nHost: h\r\n" + many + b"\r\n"),
            ("a body that is", 413, b"POST /s/%s HTTP/1.1\r\nHost: h\r\nContent-Length: 70000\r\n\r\n" % name.encode()),
            ("a worker that dies", 503, begin + b" HTTP/1.1\r\nHost: h\r\n\r\n"),
            ("with a form", 503, b"POST /s/%s HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx" % name.encode()),
            ("under a card", 503, begin + b"/card.jpg HTTP/1.1\r\nHost: h\r\n\r\n"),
            ("under a picture", 503, begin + b"/i/%s HTTP/1.1\r\nHost: h\r\n\r\n" % IMAGE.encode()),
            ("under no link", 503, b"GET /s/x/y HTTP/1.1\r\nHost: h\r\n\r\n"),
            ("with a host in the line", 503, b"GET http://h/s/x/y HTTP/1.1\r\nHost: h\r\n\r\n")):
        got, headers, body = parse_raw(client.raw(request))
        is_((got, headers["Content-Type"], headers["Cache-Control"], headers.get("Retry-After"), headers["X-Robots-Tag"]),
            (status, "text/html; charset=utf-8", "no-store", "1" if status == 503 else None, "noindex"), what + ": a page")
        style = re.search("<style>(.*)</style>", body).group(1)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        is_(headers["Content-Security-Policy"], "default-src 'none'; style-src 'sha256-%s'; frame-ancestors 'none'" % digest,
            what + ": its style may be used, and nothing else")
        ok("<h1>" in body and name not in body and len(body) < 1500, what + ": in few words", body)
        theirs, headers, body = parse_raw(client.raw(request.replace(b" /s/", b" /v1/shares/").replace(b"h/s/", b"h/v1/shares/")
                                                     .replace(b"/card.jpg", b"").replace(b"/i/", b"/")))
        is_((theirs, headers["Content-Type"], json.loads(body)["status"]), (status, "application/problem+json", status),
            what + ": a problem for programs")


@test
def not_for_search_engines():
    say("seen")
    name = token()
    os.makedirs(var("shares", name))
    with open(var("shares", name, IMAGE), "wb") as file:
        file.write(b"picture")
    tags = {path: client.get(path).header("X-Robots-Tag") for path in (
        "/s/" + name, "/s/%s/card.jpg" % name, "/s/%s/i/%s" % (name, IMAGE), "/v1/shares/" + name, "/s/x", "/v1/x", "/")}
    is_([path for path, tag in tags.items() if tag != "noindex"], ["/v1/x", "/"], "neither page nor card, picture or JSON of a link")


@test
def logs_hold_no_token():
    names = [token() for _ in range(5)]
    paths = ["/s/%s" % names[0], "/s/%s/card.jpg" % names[1], "/v1/shares/%s" % names[2], "/s/%s/i/%s" % (names[3], IMAGE),
             "/v1/shares/%s/views" % names[4]]
    hang_up()
    for path in paths:
        is_(client.request("POST" if path.endswith("views") else "GET", path, headers={"Referer": "http://x/" + path}).status,
            503, "a worker that dies: " + path.replace(path.split("/")[-1], "-")[:12])
    client.post("/s/" + names[0], body=b"password=x")
    client.get("/v1/break")
    stack.stop()	# flushes
    stack.start()
    log = stack.log("nginx/error") + stack.log("nginx/access")
    ok("/v1/break" in stack.log("nginx/error"), "what failed otherwise is in the log of errors")
    is_([name for name in names if name in log or name[:24] in log], [], "no token in either log")
    ok('"path":"/s/-","status":503' in log, "but that it failed is")


about_no_bezel()
stack = Stack(program=STUB).start()
client = stack.client()
main()
