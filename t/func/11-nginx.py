#!/usr/bin/python3
"""nginx's configuration, with a stand-in for bezel behind it: what passes, what nginx answers by itself."""
import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from stack import SRCDIR, STUB, Stack, wait_for
from tap import about_no_bezel, contains, is_, main, ok, test

FOLDER = "019a0000-0000-7000-8000-0000000000f3"
NAME = "0123456789abcdef0123456789abcdef.webp"


def params(reply):
    return dict(reply.json()["params"])


def is_problem(reply, status, code, name):
    is_(reply.status, status, name + ": status")
    is_(reply.header("Content-Type"), "application/problem+json", name + ": type")
    is_(reply.header("Cache-Control"), "no-store", name + ": is not stored")
    problem = json.loads(reply.body)
    is_((problem["status"], problem["code"], problem["request_id"], problem["type"]),
        (status, code, reply.header("X-Request-Id"), stack.base_url + "/v1/problems/" + code), name + ": body")
    return problem


def parse(raw):
    """Status, headers and body of a reply as bytes."""
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = dict((k.lower(), v) for k, _, v in (line.partition(": ") for line in lines[1:]))
    return int(lines[0].split()[1]), headers, body


@test
def what_bezel_is_told():
    got = params(client.get("/v1/a%2e%2fb?x=%20y"))
    is_(got["REQUEST_METHOD"], "GET", "the method")
    is_(got["REQUEST_URI"], "/v1/a%2e%2fb?x=%20y", "REQUEST_URI is raw")
    is_(got["DOCUMENT_URI"], "/v1/a./b", "DOCUMENT_URI is decoded once")
    is_(got["QUERY_STRING"], "x=%20y", "the query is raw")
    is_(got["REMOTE_ADDR"], "127.0.0.1", "the address")
    is_(got["SERVER_PROTOCOL"], "HTTP/1.1", "the protocol")
    reply = client.post("/v1/x", json={"a": 1})
    is_((params(reply)["CONTENT_TYPE"], params(reply)["CONTENT_LENGTH"]), ("application/json", "8"), "type and length")
    is_(reply.json()["body_bytes"], 8, "the body")
    raw = client.raw(b"POST /v1/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                     b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    ok(b'["CONTENT_LENGTH", "5"]' in raw and b'"body_bytes": 5' in raw, "a chunked body has its exact length", raw)


@test
def headers_that_lie():
    raw = client.raw(b"GET /v1/x HTTP/1.1\r\nHost: h\r\nCookie: a=1\r\nCookie: b=2\r\nProxy: http://evil/\r\n"
                     b"X-Forwarded-For: 9.9.9.9\r\nX-Real-IP: 9.9.9.9\r\nForwarded: for=9.9.9.9\r\nX_User: root\r\n"
                     b"Connection: close\r\n\r\n")
    pairs = json.loads(raw[raw.index(b"{"):raw.rindex(b"}") + 1])["params"]
    is_([v for k, v in pairs if k == "HTTP_COOKIE"], ["a=1; b=2"], "two Cookie lines become one")
    is_([v for k, v in pairs if k == "HTTP_PROXY" and v], [], "Proxy does not become HTTP_PROXY")
    is_([k for k, v in pairs if "9.9.9.9" in v], [], "nobody's word about the address passes")
    is_([v for k, v in pairs if k == "REMOTE_ADDR"], ["127.0.0.1"], "the address is the connection's")
    is_([k for k, v in pairs if v == "root"], [], "a name with an underscore does not pass")


@test
def request_ids():
    is_(client.get("/v1/x", headers={"X-Request-Id": "abc.DEF-123_4"}).header("X-Request-Id"), "abc.DEF-123_4",
        "a harmless request id is kept")
    reply = client.get("/v1/x", headers={"X-Request-Id": "abc.DEF-123_4"})
    is_(params(reply)["BEZEL_REQUEST_ID"], "abc.DEF-123_4", "bezel is told the same")
    is_([k for k, v in reply.json()["params"] if v == "abc.DEF-123_4"], ["BEZEL_REQUEST_ID"], "once")
    for bad in ("short", "x" * 65, 'quote"quote', "space space"):
        reply = client.get("/v1/x", headers={"X-Request-Id": bad})
        made = reply.header("X-Request-Id")
        ok(len(made) == 32 and made != bad and params(reply)["BEZEL_REQUEST_ID"] == made,
           "in the place of %r one is made" % bad[:12])
    is_(client.get("/v1/headers").header_all("X-Request-Id") == ["own"], False, "bezel's own does not override it")


@test
def problem_types_are_known():
    with open(os.path.join(SRCDIR, "src", "base", "errors.def"), encoding="utf-8") as file:
        known = {(int(status), code, title) for code, status, title in
                 re.findall(r'^ERROR\(\w+,\s*"(\w+)",\s*(\d+), "([^"]+)"\)', file.read(), re.M)}
    with open(os.path.join(SRCDIR, "nginx", "problem-pages.conf.in"), encoding="utf-8") as file:
        ours = [json.loads(body.replace("$", "")) for body in re.findall(r"return \d+ '({.*})';", file.read())]
    is_(len(ours), 15, "nginx has its problems")
    for problem in ours:
        ok((problem["status"], problem["code"], problem["title"]) in known,
           "%d %s is explained by bezel too" % (problem["status"], problem["code"]))
        ok(problem["type"].endswith("/" + problem["code"]), problem["code"] + ": its type ends in its code")


@test
def own_problems_pass():
    for status in (400, 404, 410, 413, 422, 429, 500, 503):
        reply = client.get("/v1/status/%d" % status)
        is_((reply.status, reply.json()["code"]), (status, "from_the_app"), "%d of bezel passes as it is" % status)


@test
def broken_workers():
    for path in ("/v1/break", "/v1/half"):
        reply = client.get(path)
        is_problem(reply, 503, "unavailable", path)
        is_(reply.header("Retry-After"), "1", path + ": says when to come again")
    is_problem(client.post("/v1/break", json={}), 503, "unavailable", "POST /v1/break")
    stopped = os.path.join(stack.state, "run", "fcgi.sock")
    os.rename(stopped, stopped + ".away")
    try:
        wait_for(lambda: client.get("/v1/x").status == 503, what="kept connections to be closed")
        is_problem(client.get("/v1/x"), 503, "unavailable", "no worker at all")
        is_(client.get("/").status, 200, "the studio's files are there all the same")
    finally:
        os.rename(stopped + ".away", stopped)
    is_(client.get("/v1/x").status, 200, "and back again")
    slow = os.path.join(stack.state, "run", "fcgi-slow.sock")
    os.rename(slow, slow + ".away")
    try:
        wait_for(lambda: client.upload("/v1/uploads", b"x").status == 503, what="kept connections to be closed")
        is_problem(client.upload("/v1/uploads", b"x" * (1 << 20)), 503, "unavailable", "nor for a body that was large")
    finally:
        os.rename(slow + ".away", slow)


@test
def sizes():
    is_(client.post("/v1/x", body=b"x" * 65536).json()["body_bytes"], 65536, "64 KiB pass")
    reply = client.post("/v1/x", body=b"x" * 65537)
    is_problem(reply, 413, "too_large", "one byte more")
    raw = client.raw(b"POST /v1/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" +
                     b"10000\r\n" + b"x" * 65536 + b"\r\n1\r\nx\r\n0\r\n\r\n")
    is_(parse(raw)[0], 413, "one byte more in chunks")
    data = os.urandom(10 << 20)
    reply = client.upload("/v1/uploads", data)
    is_(reply.status, 200, "an upload of 10 MiB passes")
    ok(reply.json()["body_bytes"] > len(data), "whole")
    is_(client.post("/v1/uploads", body=b"x" * (11 << 20)).status, 413, "11 MiB do not")
    status, headers, body = parse(client.raw(b"GET /v1/" + b"x" * 9000 + b" HTTP/1.1\r\nHost: h\r\n\r\n"))
    is_((status, headers["content-type"], json.loads(body)["code"]), (414, "application/problem+json", "uri_too_long"),
        "a long address")
    status, headers, body = parse(client.raw(b"GET /v1/x HTTP/1.1\r\nHost: h\r\nX-A: " + b"x" * 9000 + b"\r\n\r\n"))
    is_((status, headers["content-type"], json.loads(body)["code"]),
        (431, "application/problem+json", "headers_too_large"), "a long header")


@test
def malformed():
    for name, request in (
            ("no Host", b"GET /v1/x HTTP/1.1\r\n\r\n"),
            ("two Hosts", b"GET /v1/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
            ("length and chunks", b"POST /v1/x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"),
            ("beyond the root", b"GET /../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("NUL", b"GET /v1/%00 HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("no HTTP", b"hello\r\n\r\n"),
            ("broken percent", b"GET /v1/%zz HTTP/1.1\r\nHost: a\r\n\r\n")):
        status, headers, body = parse(client.raw(request))
        is_((status, headers.get("content-type"), json.loads(body)["code"]),
            (400, "application/problem+json", "malformed"), "malformed: " + name)
    status, _, body = parse(client.raw(b"TRACE /v1/x HTTP/1.1\r\nHost: a\r\n\r\n"))
    is_((status, json.loads(body)["code"]), (405, "method_not_allowed"), "TRACE")
    problem = is_problem(client.get('/media/x"y'), 404, "not_found", "a path that does not fit JSON")
    is_(problem["instance"], "/", "such a path is not repeated")
    is_(client.get("/media/x?secret=1").json()["instance"], "/media/x", "a plain path is, without its query")


@test
def quick_and_slow():
    def where(method, path):
        return client.request(method, path, json=None if method == "GET" else {}).json()

    for method, path in (("GET", "/v1/designs"), ("POST", "/v1/designs"), ("GET", "/v1/me"), ("GET", "/s/abc/d"),
                         ("GET", "/v1/auth/providers"), ("PATCH", "/v1/me"), ("GET", "/docs"), ("GET", "/v1/problems/x")):
        got = where(method, path)
        is_((got["socket"], got["keep_conn"]), ("listen", True), "%s %s is quick" % (method, path))
    for method, path in (("POST", "/v1/auth/login"), ("POST", "/v1/uploads"), ("DELETE", "/v1/me"), ("POST", "/s/abc"),
                         ("PUT", "/v1/designs/%s/share" % FOLDER), ("POST", "/v1/shares/abc/unlock"), ("GET", "/v1/auth/google"),
                         ("GET", "/v1/auth/facebook/callback")):
        got = where(method, path)
        is_((got["socket"], got["keep_conn"], got["requests_before"], params(client.request(method, path, json=None if method == "GET" else {}))["REQUEST_METHOD"]),
            ("listen_slow", False, 0, method), "%s %s is slow" % (method, path))
    is_(client.post("/v1/auth/login", body=b"x" * 70000).status, 413, "slow routes have the same limit")
    seen = [where("GET", "/v1/x")["requests_before"] for _ in range(5)]
    ok(max(seen) > 0, "connections to quick workers are kept", seen)
    time.sleep(1.5)
    is_(where("GET", "/v1/x")["requests_before"], 0, "for a second at most")


@test
def security_headers():
    for path in ("/", "/v1/x", "/nothing.here", "/media/x"):
        reply = client.get(path)
        is_(reply.header_all("X-Content-Type-Options"), ["nosniff"], path + ": nosniff")
        contains(reply.header("Content-Security-Policy"), "frame-ancestors 'none'", path + ": policy")
        is_(reply.header_all("Referrer-Policy"), ["same-origin"], path + ": referrer")
        is_(reply.header("Server"), "nginx", path + ": no version")
        is_(reply.header("Strict-Transport-Security"), None, path + ": no HSTS on http")
    reply = client.get("/v1/headers")
    for name in ("X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Resource-Policy",
                 "Cross-Origin-Opener-Policy", "Permissions-Policy", "Content-Security-Policy"):
        is_(reply.header_all(name), ["own"], "bezel's own %s stands alone" % name)


@test
def studio_files():
    web = os.path.join(stack.state, "app", "web")
    os.makedirs(os.path.join(web, "assets"), exist_ok=True)
    with open(os.path.join(web, "assets", "app-1234.js"), "w", encoding="ascii") as file:
        file.write("export const a = 1;\n" * 100)
    os.chmod(os.path.join(web, "assets"), 0o755)
    os.chmod(os.path.join(web, "assets", "app-1234.js"), 0o644)
    reply = client.get("/assets/app-1234.js", headers={"Accept-Encoding": "gzip"})
    is_((reply.status, reply.header("Content-Type"), reply.header("Cache-Control"), reply.header("Content-Encoding")),
        (200, "application/javascript; charset=utf-8", "public, max-age=31536000, immutable", "gzip"), "an asset")
    reply = client.get("/assets/gone.js")
    is_((reply.status, reply.header("Content-Type"), reply.header("Cache-Control")), (404, "text/html; charset=utf-8", "no-store"),
        "a missing asset is not remembered")
    for path in ("/", "/designs/" + FOLDER, "/trash"):
        reply = client.get(path)
        is_((reply.status, reply.header("Content-Type"), reply.header("Cache-Control")),
            (200, "text/html; charset=utf-8", "no-cache"), path + " is the studio")
    is_(client.get("/not-there.txt").status, 404, "a file that is not there")
    is_(client.get("/.git/config").status, 404, "nothing hidden")
    is_(client.post("/", json={}).status, 405, "POST to a file")
    is_(client.get("/.problem/503").status, 404, "the pages of errors are not pages")
    is_(client.get("/etc/bezel.conf").status, 404, "no way up")


def sign(expires, folder=FOLDER):
    secret = subprocess.run([STUB, "print", "media-secret", "--config", os.path.join(stack.state, "etc", "bezel.conf")],
                            stdout=subprocess.PIPE, check=True, text=True).stdout.strip()
    digest = hashlib.md5(("%d/%s %s" % (expires, folder, secret)).encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@test
def signed_images():
    place = os.path.join(stack.state, "objects", "f3", FOLDER)
    os.makedirs(place)
    with open(os.path.join(place, NAME), "wb") as file:
        file.write(b"RIFFxxxxWEBP")
    with open(os.path.join(place, "secret.txt"), "wb") as file:
        file.write(b"secret")
    for folder in (os.path.dirname(place), place):
        os.chmod(folder, 0o755)
    later = int(time.time()) + 3600
    sig = sign(later)
    reply = client.get("/media/%s/%d/%s/%s" % (sig, later, FOLDER, NAME))
    is_((reply.status, reply.body), (200, b"RIFFxxxxWEBP"), "a signed image")
    is_((reply.header("Content-Type"), reply.header("Cache-Control"), reply.header("Content-Disposition"),
         reply.header("Cross-Origin-Resource-Policy"), reply.header("X-Content-Type-Options")),
        ("image/webp", "private, max-age=7200, immutable", "inline", "same-origin", "nosniff"), "its headers")
    is_(client.get("/media/%s/%d/%s/%s" % (sig, later, FOLDER, NAME), headers={"Range": "bytes=0-3"}).status, 206, "a range")
    etag = reply.header("ETag")
    is_(client.get("/media/%s/%d/%s/%s" % (sig, later, FOLDER, NAME), headers={"If-None-Match": etag}).status, 304, "not changed")
    is_(client.post("/media/%s/%d/%s/%s" % (sig, later, FOLDER, NAME), json={}).status, 405, "POST")
    flipped = ("B" if sig[0] == "A" else "A") + sig[1:]
    is_problem(client.get("/media/%s/%d/%s/%s" % (flipped, later, FOLDER, NAME)), 404, "not_found", "another signature")
    is_(client.get("/media/%s/%d/%s/%s" % (sig, later + 1, FOLDER, NAME)).status, 404, "another time")
    other = FOLDER[:-4] + "00f3"
    is_(client.get("/media/%s/%d/%s/%s" % (sig, later, other.replace("-8000-", "-9000-"), NAME)).status, 404, "another folder")
    is_(client.get("/media/%s/%d/%s/%s" % (sig, later, FOLDER, "gone" + NAME)).status, 404, "a name that is not there")
    is_(client.get("/media/%s/%d/%s/secret.txt" % (sig, later, FOLDER)).status, 404, "not an image")
    is_(client.get("/media/%s/%d/%s/../%s/%s" % (sig, later, FOLDER, FOLDER, NAME)).status, 200, "a normalised path is the same path")
    same = "/media/%s/%d/%s/%s" % (sig, later, FOLDER, NAME.replace(".webp", ".jpg"))
    reply = client.get(same + "?x=1", headers={"Cookie": "a=1", "Authorization": "x"})
    is_((reply.status, reply.json()["socket"], reply.json()["keep_conn"]), (200, "listen_slow", False), "the same as JPEG is slow")
    is_({k: v for k, v in reply.json()["params"] if k not in ("REMOTE_ADDR", "SERVER_PROTOCOL", "BEZEL_REQUEST_ID", "FCGI_ROLE")},
        {"REQUEST_METHOD": "GET", "REQUEST_URI": same}, "bezel is told no more than the address")
    is_(client.get(same.replace("/0123", "/./0123")).body, reply.body, "and is asked once")
    is_problem(client.get(same.replace(sig, flipped)), 404, "not_found", "a JPEG with another signature")
    past = int(time.time()) - 10
    is_problem(client.get("/media/%s/%d/%s/%s" % (sign(past), past, FOLDER, NAME)), 410, "link_expired", "an old one")
    is_(client.get("/media/").status, 404, "the folder itself")


@test
def the_servers_own_pages():
    is_(client.get("/healthz").status, 200, "healthz")
    is_(client.get("/metrics").status, 200, "metrics from this machine")
    is_(client.get("/metrics", headers={"X-Forwarded-For": "9.9.9.9"}).status, 404, "metrics not through a proxy")
    with open(os.path.join(stack.state, "var", "unready"), "w", encoding="ascii"):
        pass
    reply = client.get("/readyz")
    is_((reply.status, reply.body), (503, b"not ready\n"), "readyz says so itself")
    os.unlink(os.path.join(stack.state, "var", "unready"))


@test
def the_log_keeps_secrets():
    client.get("/s/TOKENTOKEN/card.jpg?q=QUERYQUERY")
    client.get("/v1/shares/TOKENTOKEN")
    wait_for(lambda: '"/v1/shares/-"' in stack.log("nginx/access"), what="the log to be written")
    log = stack.log("nginx/access")
    entry = [json.loads(line) for line in log.splitlines() if '"/s/-/card.jpg"' in line][0]
    is_((entry["status"], entry["method"]), (404, "GET"), "a line of the log is JSON")
    ok("TOKENTOKEN" not in log and "QUERYQUERY" not in log, "neither tokens nor queries in the log")
    ok(stack.log("nginx/error") == "" or "TOKENTOKEN" not in stack.log("nginx/error"), "nor in the log of errors")


@test
def floods_and_proxies():
    stack.stop()
    stack.settings["trusted_proxies"] = "127.0.0.1/32, 192.0.2.0/28"
    stack.flood = "5:10"
    stack.settings["base_url"] = "https://bezel.example"
    stack.start()
    reply = client.get("/v1/x", headers={"X-Forwarded-For": "192.0.2.77, 198.51.100.9, 192.0.2.5, 127.0.0.1"})
    is_(params(reply)["REMOTE_ADDR"], "198.51.100.9", "the last address that no trusted proxy has")
    is_(reply.header("Strict-Transport-Security"), "max-age=31536000", "HSTS when the base address is https")
    is_(client.get("/metrics", headers={"X-Forwarded-For": "198.51.100.9"}).status, 404, "metrics refuse a real address")
    replies = [client.get("/v1/x", headers={"X-Forwarded-For": "198.51.100.77"}) for _ in range(30)]
    limited = [r for r in replies if r.status == 429]
    is_([r.status for r in replies[:11]], [200] * 11, "eleven at once pass")
    ok(len(limited) >= 5, "most of what follows does not", [r.status for r in replies])
    is_problem(limited[0], 429, "rate_limited", "too many")
    is_(limited[0].header("Retry-After"), "1", "too many: says when to come again")
    replies = [client.get("/s/%s" % ("x" * n), headers={"X-Forwarded-For": "198.51.100.70"}) for n in (56, 9) for _ in range(30)]
    limited = [r for r in replies if r.status == 429]
    is_({(r.header("Content-Type"), r.header("Retry-After"), "<h1>Please wait a moment</h1>" in r.text) for r in limited},
        {("text/html; charset=utf-8", "1", True)}, "who opened a link gets a page")
    replies = [client.get("/v1/shares/x", headers={"X-Forwarded-For": "198.51.100.71"}) for _ in range(30)]
    is_({r.json()["code"] for r in replies}, {"not_found", "rate_limited"}, "programs a problem")
    is_(client.get("/v1/x", headers={"X-Forwarded-For": "198.51.100.78"}).status, 200, "another address is free")
    is_(client.get("/readyz").status, 200, "readyz is never limited")
    statuses = [client.get("/v1/x", headers={"X-Forwarded-For": "2001:db8:1:2::%x" % n}).status for n in range(1, 31)]
    ok(429 in statuses, "a network of IPv6 counts as one address", statuses)


about_no_bezel()
stack = Stack(program=STUB).start()
client = stack.client()
main()
