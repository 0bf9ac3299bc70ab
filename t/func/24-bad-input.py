#!/usr/bin/python3
"""Whatever is sent: a precise answer below 500, nothing of our inside in it, and nothing changed."""
import base64
import io
import json
import os
import re
import struct
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from PIL import Image

from openapi import INSIDE
from stack import Stack
from studio import body, create, guest, make, over, picture
from tap import contains, is_, main, ok, test

DESIGNS = "/v1/designs"
JSON = {"Content-Type": "application/json"}


def census():
    """What there is: documents and files."""
    files = sum(len(names) for _, _, names in os.walk(os.path.join(stack.state, "objects")))
    return ({name: stack.db[name].count_documents({}) for name in ("designs", "jobs", "uploads", "idempotency_keys")},
            stack.db.guest_sessions.find_one({"_id": ann.session})["usage_count"], files)


def unchanged(function):
    """A test after which nothing may have changed."""
    def run():
        before = census()
        function()
        is_(census(), before, function.__name__ + ": nothing has changed")
    run.__name__ = function.__name__
    return test(run)


def post(data, path=DESIGNS, headers=None):
    return ann.post(path, body=data, headers=headers or JSON)


def faults(reply):
    return sorted((e["pointer"], e["code"]) for e in reply.json().get("errors", []))


def raw(request, close=True):
    """The status and the reply to these very bytes."""
    if close:
        request = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    reply = ann.raw(request)
    status = int(reply.split(b" ")[1]) if reply.startswith(b"HTTP/") else 0
    if INSIDE.search(reply.partition(b"\r\n\r\n")[2]):
        ok(False, "a reply tells of our inside", reply)
    return status, reply


def cookie():
    return "; ".join("%s=%s" % pair for pair in ann.cookies.items()).encode()


def head(method=b"POST", path=b"/v1/designs", more=b""):
    return (b"%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: %s\r\nCookie: %s\r\n%s" % (
        method, path, ann.origin.encode(), cookie(), more))


@unchanged
def json_that_is_none():
    good = json.dumps(body()).encode()
    inner = good[1:-1]
    cases = {
        "nothing": b"", "a space": b" ", "cut": good[:-1], "cut in a string": good[:40], "a trailing comma": good[:-1] + b",}",
        "a comment": b"/* x */" + good, "a comment at the end": good + b"// x", "a byte order mark": b"\xef\xbb\xbf" + good,
        "two documents": good + good, "bytes behind": good + b"x", "a NUL behind": good + b"\0", "UTF-16": good.decode().encode("utf-16"),
        "NaN": b'{"a": NaN}', "Infinity": b'{"a": -Infinity}', "1e999": b'{"a": 1e999}', "single quotes": b"{'a': 1}",
        "a bare name": b"{a: 1}", "a leading zero": b'{"a": 01}', "a plus": b'{"a": +1}', "a bare point": b'{"a": .5}',
        "a point without digits": b'{"a": 1.}', "hex": b'{"a": 0x10}', "a number beyond 64 bits": b'{"a": 92233720368547758080}',
        "a double key": b"{" + inner + b"," + inner + b"}", "a double key within": b'{"a": {"b": 1, "b": 2}}',
        "a double key in disguise": b'{"ab": 1, "\\u0061b": 2}', "an escaped NUL": b'{"a": "x\\u0000y"}',
        "a NUL in a key": b'{"a\\u0000": 1}', "a NUL": b'{"a": "x\0y"}', "a NUL in a number": b'{"a": 1\0}',
        "bad UTF-8": b'{"a": "\xff\xfe"}', "overlong UTF-8": b'{"a": "\xc0\xaf"}', "a surrogate in UTF-8": b'{"a": "\xed\xa0\x80"}',
        "a lone surrogate": b'{"a": "\\ud800"}', "a low one first": b'{"a": "\\udc00\\ud800"}', "a control character": b'{"a": "\x01"}',
        "a line break in a string": b'{"a": "x\ny"}', "a bad escape": b'{"a": "\\x41"}', "a cut escape": b'{"a": "\\u12"}',
        "words": b"true false", "an unknown word": b"undefined", "depth 33": b'{"a":' + b"[" * 32 + b"]" * 32 + b"}",
        "depth 30000": b"[" * 30000, "depth of objects": b'{"a":' * 9000, "an empty key twice": b'{"": 1, "": 2}',
    }
    for name, data in cases.items():
        reply = post(data)
        is_((reply.status, reply.json()["code"]), (400, "malformed"), "JSON: " + name)
        ok(re.search(r"line \d+, column \d+", reply.json()["detail"]) or name in ("nothing", "a space"), "says where: " + name,
           reply.json()["detail"])
        ok("JSON_" not in reply.json()["detail"], "and nothing of our parser: " + name, reply.json()["detail"])
    for name, data in {"an array": b"[]", "a string": b'"x"', "a number": b"1", "null": b"null", "true": b"true",
                       "an array with the object": b"[" + good + b"]"}.items():
        reply = post(data)
        ok((reply.status, reply.json()["code"]) in ((422, "invalid"), (400, "malformed")), "no object: " + name, reply)
    for where in ("/select", "/generations", "/refinements"):
        is_(post(b"{", DESIGNS + "/" + made["id"] + where).status, 400, "JSON of " + where)
    is_(ann.patch(DESIGNS + "/" + made["id"], body=b'{"is_favorite": true, "is_favorite": false}', headers=JSON).status, 400,
        "JSON of PATCH")


@unchanged
def operators_and_types():
    """Extended JSON and operators are objects like any other."""
    for name, value in {"$ne": {"$ne": None}, "$gt": {"$gt": ""}, "$oid": {"$oid": "5f" * 12}, "$date": {"$date": 0},
                        "$regex": {"$regex": ".*"}, "$where": {"$where": "1"}, "$numberLong": {"$numberLong": "5"},
                        "an array": ["x"], "a number": 5, "true": True, "null": None}.items():
        reply = create(ann, gem_data__type=value, original_prompt=value, num_variations_requested=value if value != 5 else "3",
                       gem_data__size__carat_weight=value if value not in (5, None) else "1")
        want = [("/gem_data/size/carat_weight", "wrong_type"), ("/gem_data/type", "wrong_type"),
                ("/num_variations_requested", "wrong_type"), ("/original_prompt", "wrong_type")]
        is_((reply.status, faults(reply)), (422, want), "%s where text and numbers belong" % name)
    reply = create(ann, gem_data=[], material_preferences="x")
    is_(faults(reply), [("/gem_data", "wrong_type"), ("/material_preferences", "wrong_type")], "no objects")
    reply = create(ann, gem_data__size=[{}], material_preferences__metals={"0": "Gold"})
    is_(faults(reply), [("/gem_data/size", "wrong_type"), ("/material_preferences/metals", "wrong_type")], "an object for an array")


@unchanged
def each_limit():
    ring = "\U0001f48d"
    cases = [
        ("gem_data__type", "", "too_short"), ("gem_data__type", ring * 61, "too_long"),
        ("gem_data__cut", "x" * 61, "too_long"), ("gem_data__color", "", "too_short"),
        ("gem_data__color", "a\nb", "forbidden_character"), ("gem_data__type", "a\u202eb", "forbidden_character"),
        ("gem_data__type", "a\u2066b", "forbidden_character"), ("gem_data__type", "\x7f", "forbidden_character"),
        ("gem_data__transparency", "transparent", "not_in_list"), ("gem_data__transparency", "", "not_in_list"),
        ("gem_data__size__simple", "Huge", "not_in_list"), ("gem_data__size__carat_weight", 0, "too_small"),
        ("gem_data__size__carat_weight", 0.0009, "too_small"), ("gem_data__size__carat_weight", 10000.1, "too_large"),
        ("gem_data__size__carat_weight", -1, "too_small"), ("gem_data__size__carat_weight", 1e300, "too_large"),
        ("gem_data__size__dimensions", {"length_mm": 0.09}, "too_small"),
        ("original_prompt", "", "too_short"), ("original_prompt", "x" * 1001, "too_long"),
        ("original_prompt", ring * 1001, "too_long"), ("original_prompt", "a\x1bb", "forbidden_character"),
        ("original_prompt", "a\u200eb\u202d", "forbidden_character"),
        ("material_preferences__metals", [], "too_few"), ("material_preferences__metals", ["a", "b", "c", "d", "e"], "too_many"),
        ("material_preferences__finish", "Shiny", "not_in_list"),
        ("num_variations_requested", 1, "too_small"), ("num_variations_requested", 5, "too_large"),
        ("num_variations_requested", 2.5, "wrong_type"), ("num_variations_requested", 2 ** 40, "too_large"),
        ("num_variations_requested", -2 ** 63, "too_small"), ("gem_data__uploaded_image_url", "", "too_short"),
        ("gem_data__uploaded_image_url", "x" * 201, "too_long"),
        ("gem_data__uploaded_image_url", "../../../etc/passwd", None), ("gem_data__uploaded_image_url", "http://169.254.169.254/", None),
        ("gem_data__uploaded_image_url", "/media/x/1/019a0000-0000-7000-8000-000000000000/y.webp", "not_found"),
    ]
    for path, value, code in cases:
        reply = create(ann, **{path: value})
        pointer = "/" + path.replace("__", "/")
        if isinstance(value, dict):
            pointer += "/" + next(iter(value))
        got = faults(reply)
        is_((reply.status, [f[0] for f in got], got and got[0][1] == code or code is None), (422, [pointer], True),
            "%s: %.20r" % (path, value))
    reply = create(ann, material_preferences__metals=["Gold", "", "x" * 61, 5])
    is_(faults(reply)[:3], [("/material_preferences/metals/1", "too_short"), ("/material_preferences/metals/2", "too_long"),
                            ("/material_preferences/metals/3", "wrong_type")], "items by their index")
    is_(faults(create(ann, material_preferences__metals=["Gold", "Gold"])), [("/material_preferences/metals/1", "duplicate")],
        "the same twice")


@test
def limits_that_fit():
    ring = "\U0001f48d"
    for path, value in (("gem_data__type", ring * 60), ("original_prompt", ring * 1000), ("original_prompt", "a\n\tb"),
                        ("gem_data__size__carat_weight", 0.001), ("gem_data__size__carat_weight", 10000),
                        ("gem_data__size__dimensions", {"length_mm": 0.1, "width_mm": 500, "height_mm": None}),
                        ("gem_data__color", "<script>alert(1)</script> & \"'`"), ("gem_data__cut", "{{7*7}} ${7*7} %s%n"),
                        ("original_prompt", "Ĺ̷̫o̴͙ ﷽ \u2028 \u0600 日本語 \\\" ' ; DROP"),
                        ("material_preferences__metals", ["a", "b", "c", "d"]), ("num_variations_requested", 4),
                        ("num_variations_requested", 3.0),
                        ("gem_data__uploaded_image_url", None), ("material_preferences__finish", None)):
        reply = create(ann, **{path: value})
        is_(reply.status, 202, "%s: %.20r fits" % (path, value))
        got = ann.get(DESIGNS + "/" + reply.json()["id"]).json()
        for step in path.split("__"):
            got = got[step]
        is_(got, value, "and comes back as it went")
        over(ann, ann.get(DESIGNS + "/" + reply.json()["id"]).json().get("generation", reply.json()["generation"])["id"])
    reply = create(ann, gem_data={"type": "x", "cut": "y", "color": "z", "transparency": "Opaque"},
                   material_preferences={"metals": ["Gold"]})
    is_((reply.status, reply.json()["gem_data"]["size"]), (202, {"simple": None, "dimensions": None, "carat_weight": None}),
        "what may be left out")
    over(ann, reply.json()["generation"]["id"])
    without = body()
    del without["num_variations_requested"]
    reply = ann.post(DESIGNS, json=without)
    is_(len(reply.json()["generation"]["slots"]), 3, "three variations when not said")
    over(ann, reply.json()["generation"]["id"])


@unchanged
def all_faults_at_once():
    reply = ann.post(DESIGNS, json={
        "gem_data": {"type": "", "color": 5, "transparency": "x", "size": {"simple": "y", "carat_weight": 0, "a/b~c": 1,
                                                                          "dimensions": {"length_mm": "z", "depth": 1}}},
        "material_preferences": {"finish": "z", "metals": [""]}, "num_variations_requested": 9, "is_favorite": True,
        "user_id": None, "__proto__": {}, "generated_images": [], "is_deleted": False})
    is_((reply.status, faults(reply)), (422, [
        ("/__proto__", "unknown_field"), ("/gem_data/color", "wrong_type"), ("/gem_data/cut", "required"),
        ("/gem_data/size/a~1b~0c", "unknown_field"), ("/gem_data/size/carat_weight", "too_small"),
        ("/gem_data/size/dimensions/depth", "unknown_field"), ("/gem_data/size/dimensions/length_mm", "wrong_type"),
        ("/gem_data/size/simple", "not_in_list"), ("/gem_data/transparency", "not_in_list"), ("/gem_data/type", "too_short"),
        ("/generated_images", "read_only"), ("/is_deleted", "read_only"), ("/is_favorite", "read_only"),
        ("/material_preferences/finish", "not_in_list"), ("/material_preferences/metals/0", "too_short"),
        ("/num_variations_requested", "too_large"), ("/original_prompt", "required"), ("/user_id", "read_only")]),
        "every fault, with its pointer")
    ok(all(e["detail"] for e in reply.json()["errors"]), "each has its sentence")
    reply = ann.post(DESIGNS, json={"k%d" % n: 1 for n in range(3000)})
    ok(reply.status == 422 and len(reply.body) < 64000 and len(reply.json()["errors"]) < 200, "thousands of faults: some are told",
       reply)
    ok(reply.json()["error_count"] >= 3000, "and how many there are", reply.json().get("error_count"))
    reply = ann.post(DESIGNS, json={"x" * 60000: 1})
    is_(reply.status, 422, "a very long name")
    path = DESIGNS + "/" + made["id"]
    for where, data, want in (
            ("/select", {}, [("/image_id", "required")]), ("/select", {"image_id": "x" * 36}, [("/image_id", None)]),
            ("/select", {"image_id": made["generated_images"][0]["image_id"].upper()}, [("/image_id", None)]),
            ("/refinements", {}, [("/prompt", "required")]),
            ("/refinements", {"prompt": "x", "refinement_strength": 1.01, "preserve_elements": ["a"] * 2, "base_image_id": 5},
             [("/base_image_id", "wrong_type"), ("/preserve_elements/1", "duplicate"), ("/refinement_strength", "too_large")]),
            ("/refinements", {"prompt": "x", "preserve_elements": [str(n) for n in range(13)]}, [("/preserve_elements", "too_many")]),
            ("/generations", {"num_variations": 0, "gem_data": {}, "material_preferences": {}},
             [("/gem_data/color", "required"), ("/gem_data/cut", "required"), ("/gem_data/transparency", "required"),
              ("/gem_data/type", "required"), ("/material_preferences/metals", "required"), ("/num_variations", "too_small")])):
        reply = ann.post(path + where, json=data)
        got = faults(reply)
        is_((reply.status, [(p, c) if (p, None) not in want else (p, None) for p, c in got]), (422, want), "%s %.30s" % (where, data))


@unchanged
def types_and_sizes():
    for kind in (None, "", "text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                 "application/json-patch+json", "application/merge-patch+json", "json", "*/*", "application/jsonx", "application/"):
        reply = post(json.dumps(body()).encode(), headers={"Content-Type": kind})
        is_((reply.status, reply.json()["code"]), (415, "unsupported_media_type"), "Content-Type: %s" % kind)
    reply = ann.post("/v1/uploads", body=picture(), headers={"Content-Type": "image/png"})
    is_((reply.status, reply.json()["code"]), (415, "unsupported_media_type"), "a bare picture")
    bad = json.dumps(body(num_variations_requested=9)).encode()
    for kind in ("application/json; charset=utf-8", "APPLICATION/JSON", "application/json ;charset=UTF-8"):
        is_(post(bad, headers={"Content-Type": kind}).status, 422, "Content-Type: %s" % kind)
    is_(post(bad + b" " * (65536 - len(bad))).status, 422, "64 KiB are read")
    reply = post(bad + b" " * (65537 - len(bad)))
    is_((reply.status, reply.json()["code"]), (413, "too_large"), "a byte more is too large")
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in (bad[i:i + 50] for i in range(0, len(bad), 50))) + b"0\r\n\r\n"
    status, reply = raw(head(more=b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n") + chunks)
    ok(status == 422 and b"num_variations_requested" in reply, "in chunks", reply)
    status, _ = raw(head(more=b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n") +
                    b"11000\r\n" + b" " * 0x11000 + b"\r\n0\r\n\r\n")
    is_(status, 413, "too many chunks")
    for name, more in (("two lengths", b"Content-Length: 2\r\nContent-Length: 3\r\n"), ("a length that is none", b"Content-Length: x\r\n"),
                       ("a negative length", b"Content-Length: -1\r\n"), ("length and chunks", b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n")):
        is_(raw(head(more=more + b"\r\n{}"))[0], 400, name)
    is_(ann.post("/v1/uploads", body=b"x" * (11 << 20), headers={"Content-Type": "multipart/form-data; boundary=x"}).status, 413,
        "an upload beyond the server's limit")
    is_(ann.upload("/v1/uploads", b"\x89PNG\r\n\x1a\n" + b"x" * (10 << 20)).status, 413, "a picture beyond 10 MiB")


@unchanged
def addresses():
    for path, statuses in (
            ("/v1/designs?q=%ff", {400}), ("/v1/designs?q=%zz", {400}), ("/v1/designs?q=%", {400}), ("/v1/designs?q=%2", {400}),
            ("/v1/designs?q=%00", {400}), ("/v1/designs?q=%c0%af", {400}), ("/v1/designs?q=%ed%a0%80", {400}),
            ("/v1/designs?q=a&q=b", {400}), ("/v1/designs?q=a&%71=b", {400}), ("/v1/designs?=x", {400}),
            ("/v1/designs?" + "&".join("a%d=1" % n for n in range(40)), {400}), ("/v1/designs?&&&", {200}),
            ("/v1/designs?q=a;limit=1", {200}), ("/v1/designs?limit=%31", {200}), ("/v1/designs?q=" + "%41" * 200, {200}),
            ("/v1/designs/%252e%252e", {404}),
            ("/v1/designs/%ff%fe", {404, 400}), ("/v1/designs/%zz", {400}), ("/v1/designs/a%2fb", {404}), ("/v1/designs/a\\b", {404}),
            ("/v1/designs/" + "x" * 7000, {404}), ("/v1/designs?q=" + "x" * 7000, {400}), ("/v1/designs/" + "a/" * 300, {404}),
            ("/v1/designs/%s?x=1" % ("0" * 36), {404}), ("/v1/designs/" + made["id"].upper(), {404}),
            ("/v1/designs/" + made["id"] + "%00", {400}), ("/v1/designs/" + made["id"] + "%20", {404}),
            ("/v1/problems/" + "%27%22%3c", {404}), ("/v1/problems/x%0d%0aSet-Cookie:%20a=b", {404})):
        reply = ann.get(path, headers={"Accept": "application/json"})
        ok(reply.status in statuses, "%.60s" % path, reply)
    for path in (b"/v1/designs/%2e%2e/%2e%2e/etc/passwd", b"/v1/designs/..%2f..%2fetc/passwd", b"/v1/designs/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc"):
        status, reply = raw(head(b"GET", path, b"\r\n"))
        ok(status in (200, 400, 404) and b"root:" not in reply, "a way up: %s" % path.decode(), reply)
    for n in (8100, 9000, 40000):
        status, _ = raw(head(b"GET", b"/v1/designs?q=" + b"x" * n, b"\r\n"))
        ok(status in (400, 414), "an address of %d" % n, status)
    status, reply = raw(b"GET http://evil.example/v1/guest-session HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    ok(status == 401 and b"evil" not in reply, "an absolute address", reply)
    ok(raw(b"GET /v1/designs HTTP/1.0\r\n\r\n")[0] in (400, 401), "HTTP/1.0")
    for method in (b"FOO", b"CONNECT", b"TRACE", b"PROPFIND", b"get"):
        ok(raw(head(method, b"/v1/designs", b"\r\n"))[0] in (400, 405), "method %s" % method.decode())
    reply = ann.request("POST", DESIGNS + "/" + made["id"], headers={"X-HTTP-Method-Override": "DELETE"})
    is_(reply.status, 405, "no method in disguise")


@unchanged
def headers():
    good = json.dumps(body(num_variations_requested=9)).encode()
    length = b"Content-Length: %d\r\n" % len(good)
    kind = b"Content-Type: application/json\r\n"
    for name, more, statuses in (
            ("two types", kind + b"Content-Type: text/plain\r\n", {400, 415, 422}), ("two origins", kind + b"Origin: http://evil\r\n", {400, 403}),
            ("two If-Match", kind + b'If-Match: "a"\r\nIf-Match: "b"\r\n', {400, 422}), ("200 cookies", kind + b"Cookie: " +
                                                                                           b"; ".join(b"c%d=x" % n for n in range(200)) + b"\r\n", {400}),
            ("a cookie of 6 KB", kind + b"Cookie: x=" + b"y" * 6000 + b"\r\n", {400, 401, 422}),
            ("quotes in a cookie", kind + b'Cookie: a="b\\"; c=\x01; =; ;;; d\r\n', {400, 422}),
            ("a foreign Authorization", kind + b"Authorization: Bearer ..\r\n", {401, 422}),
            ("Expect", kind + b"Expect: 100-continue\r\n", {422}), ("a Range", kind + b"Range: bytes=0-1,5-,-1\r\n", {422}),
            ("a long header", kind + b"X-A: " + b"x" * 7000 + b"\r\n", {422, 431, 400}),
            ("longer ones", kind + b"X-A: " + b"x" * 9000 + b"\r\n", {431, 400}),
            ("a folded header", kind + b"X-A: a\r\n b\r\n", {400, 422}), ("no colon", kind + b"X-A\r\n", {400, 422}),
            ("a NUL", kind + b"X-A: a\0b\r\n", {400}), ("languages", kind + b"Accept-Language: " + b"xx;q=9," * 500 + b"\r\n", {422}),
            ("a wrong Host", kind.replace(b"Content", b"X-Forwarded-Host: evil\r\nContent", 1), {422}),
            ("a user agent of bytes", kind + b"User-Agent: \xff\xfe\x80\r\n", {422, 400})):
        status, reply = raw(head(more=more + length + b"\r\n") + good)
        if b"100 Continue" in reply:
            status = int(reply.split(b"HTTP/1.1 ")[2][:3])
        ok(status in statuses, name, reply[:400])
    for value in ("", "x", '"', '"a', "W/", 'W/"', ",,,", '"' + "x" * 4000 + '"', "*, *", "\x01", '"1-1-1"' * 300):
        ok(ann.get(DESIGNS + "/" + made["id"], headers={"If-None-Match": value}).status in (200, 304, 400), "If-None-Match %.10r" % value)
        ok(ann.patch(DESIGNS + "/" + made["id"], json={}, headers={"If-Match": value}).status in (400, 412), "If-Match %.10r" % value)
    for value in ('"9223372036854775807-1"', '"-9223372036854775808-1"', '"99999999999999999999-1"', '"0-0-o0.0"'):
        is_(ann.patch(DESIGNS + "/" + made["id"], json={}, headers={"If-Match": value}).status, 412, "If-Match %s" % value)


@test
def user_agents():
    """The device is stored: what is no text, or too long, must not stop a design."""
    for name, agent in (("latin-1", "caf\xe9"), ("bytes", "\xff\xfe\x80"), ("long", "x" * 2000), ("long, of two bytes", "\xc3\xa4" * 400),
                        ("empty", ""), ("none", None), ("with a control character", "a\x7fb")):
        reply = ann.post(DESIGNS, json=body(), headers={"User-Agent": agent})
        is_(reply.status, 202, "a User-Agent that is " + name)
        if reply.status == 202:
            over(ann, reply.json()["generation"]["id"])
            ok("damaged" not in ann.get(DESIGNS + "/" + reply.json()["id"]).json(), "leaves no damage")


@unchanged
def forms():
    data, mark = picture(40, 40), b"----mark"
    kind = {"Content-Type": "multipart/form-data; boundary=----mark"}
    part = b'--%s\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n' % mark + data + b"\r\n"
    end = b"--" + mark + b"--\r\n"

    def refused(name, content, statuses=(400, 422), headers=None):
        reply = ann.post("/v1/uploads", body=content, headers=headers or kind)
        ok(reply.status in statuses, "a form with " + name, reply)

    refused("no end", part)
    refused("no end at all", part[:100])
    refused("nothing", b"")
    refused("only its end", end)
    refused("text before", b"x\r\n" + part + end)
    refused("text behind", part + end + b"x")
    refused("LF only", part.replace(b"\r\n", b"\n") + end)
    refused("no name", part.replace(b'name="file"; ', b"") + end)
    refused("no disposition", part.replace(b"Content-Disposition", b"X-Disposition") + end)
    refused("another name", part.replace(b'name="file"', b'name="other"') + end, (422,))
    refused("the file twice", part + part + end)
    refused("a NUL in its name", part.replace(b'name="file"', b'name="fi\0le"') + end)
    refused("a name of 5000", part.replace(b'name="file"', b'name="' + b"x" * 5000 + b'"') + end)
    refused("a header of 1 MB", part.replace(b"Content-Type", b"X-A: " + b"x" * (1 << 20) + b"\r\nContent-Type", 1) + end)
    refused("9 000 headers", part.replace(b"Content-Type", b"X-A: x\r\n" * 9000 + b"Content-Type", 1) + end)
    refused("10 000 parts", b"".join(b'--%s\r\nContent-Disposition: form-data; name="p%d"\r\n\r\nx\r\n' % (mark, n) for n in range(10000)) + end)
    refused("base64", part.replace(b"Content-Type", b"Content-Transfer-Encoding: base64\r\nContent-Type", 1) + end)
    refused("an inner form", part.replace(b"image/png\r\n\r\n" + data, b"multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\nx\r\n--i--") + end)
    refused("an empty file", part.replace(data, b"") + end, (422,))
    for boundary in ("", "; boundary=", "; boundary=" + "x" * 71, "; boundary=\"a", "; boundary=a; boundary=b", "; boundary=other", "; boundary=a b"):
        refused("boundary %.20r" % boundary, part + end, (400, 415), {"Content-Type": "multipart/form-data" + boundary})


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width, height, data=b""):
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b""))


@unchanged
def pictures_that_are_none():
    png, jpeg, webp = picture(), picture(kind="JPEG", quality=90), picture(kind="WEBP")
    big = Image.new("L", (7000, 7200))
    out = io.BytesIO()
    big.save(out, "PNG")
    cases = {
        "text": b"hello, I am a picture", "HTML": b"<html><script>1</script></html>", "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        "SVG with a DTD": b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>',
        "a GIF": picture(kind="GIF"), "a TIFF": picture(kind="TIFF"), "a BMP": picture(kind="BMP"), "a PDF": b"%PDF-1.4\n" + b"x" * 500,
        "an ICO": picture(64, 64, "ICO"), "a PPM": picture(kind="PPM"), "a JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n" + b"x" * 100,
        "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + b"\0" * 200, "AVIF": b"\0\0\0\x18ftypavif\0\0\0\0avifmif1" + b"\0" * 200,
        "zeros": b"\0" * 5000, "a MVG": b"push graphic-context\nimage over 0,0 0,0 'https://127.0.0.1/'\npop graphic-context",
        "a gzip": zlib.compress(b"x" * 100), "a PNG's signature": png[:8], "a PNG cut in its header": png[:30],
        "a PNG cut in its middle": png[:len(png) // 2], "a PNG without its last bytes": png[:-16],
        "a JPEG cut in its middle": jpeg[:len(jpeg) // 2], "a JPEG's first bytes": jpeg[:20], "a WebP cut": webp[:len(webp) // 2],
        "a PNG with spoilt data": png[:200] + bytes(b ^ 0x55 for b in png[200:400]) + png[400:],
        "a bomb of 30000 x 30000": png_of(30000, 30000, b"\0" * 100000), "4 thousand million pixels": png_of(2 ** 31 - 1, 2 ** 31 - 1),
        "12001 px wide": png_of(12001, 1, b"\0" * 36004), "50.4 megapixels": out.getvalue(), "no width": png_of(0, 10),
        "a JPEG that says 65500 x 65500": re.sub(rb"(\xff\xc0\x00\x11\x08)....", lambda m: m.group(1) + b"\xff\xdc" * 2, jpeg, count=1, flags=re.S),
    }
    for name, data in cases.items():
        reply = ann.upload("/v1/uploads", data)
        is_((reply.status, reply.json().get("code")), (422, "invalid"), "no picture for us: " + name)
    reply = ann.upload("/v1/uploads", cases["a bomb of 30000 x 30000"])
    contains(reply.text, "30000", "says how large it is")


@test
def pictures_that_are():
    def kept(name, data, size=None):
        reply = ann.upload("/v1/uploads", data, filename="../../etc/cron.d/\xfc \U0001f48d.php", kind="text/html")
        if reply.status != 201:
            ok(False, name, reply)
            return None
        shown = ann.get(reply.json()["url"])
        picture_ = Image.open(io.BytesIO(shown.body))
        picture_.load()
        is_((shown.header("Content-Type"), picture_.format, picture_.size, (reply.json()["width"], reply.json()["height"])),
            ("image/webp", "WEBP", size or picture_.size, picture_.size), name + ": is kept as WebP")
        for word in (b"GPS", b"Exif", b"EXIF", b"<script", b"PK\x03\x04", b"SECRET", b"ICCP", b"XMP "):
            if word in shown.body:
                ok(False, "%s: %r is left in it" % (name, word))
        ok(max(Image.open(io.BytesIO(ann.get(reply.json()["thumbnail_url"]).body)).size) <= 300, name + ": thumbnail")
        ok("cron" not in str(stack.db.uploads.find_one({"_id": reply.json()["id"]})), name + ": its name is not kept")
        return picture_

    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010f] = "SECRET maker"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 12.0, 30.0), 3: "E", 4: (16.0, 22.0, 0.0)})
    with_exif = picture(400, 300, "JPEG", exif=exif.tobytes(), quality=95)
    ok(b"SECRET" in with_exif, "the test's picture tells where it was taken")
    got = kept("a JPEG on its side", with_exif, (300, 400))
    left, right = got.convert("RGB").getpixel((30, 200)), got.convert("RGB").getpixel((270, 200))
    ok(left[2] > 150 > left[0] and right[0] > 150 > right[2], "the orientation is applied", (left, right))
    for orientation in range(1, 9):
        exif[0x0112] = orientation
        kept("orientation %d" % orientation, picture(400, 300, "JPEG", exif=exif.tobytes()),
             (400, 300) if orientation < 5 else (300, 400))
    kept("a PNG", picture(), (400, 300))
    kept("a WebP", picture(kind="WEBP"), (400, 300))
    kept("one pixel", picture(1, 1), (1, 1))
    kept("a CMYK JPEG", b"".join([(lambda o: (Image.new("CMYK", (64, 48), (10, 200, 30, 0)).save(o, "JPEG"), o.getvalue())[1])(io.BytesIO())]), (64, 48))
    kept("a grey one of 16 bits", (lambda o: (Image.new("I;16", (50, 40), 30000).save(o, "PNG"), o.getvalue())[1])(io.BytesIO()), (50, 40))
    kept("a palette with transparency", (lambda o: (Image.new("P", (50, 40), 3).save(o, "PNG", transparency=3), o.getvalue())[1])(io.BytesIO()), (50, 40))
    got = kept("one that is larger than needed", picture(3000, 1500), None)
    ok(got is not None and max(got.size) <= 2048, "is made smaller", got and got.size)
    kept("a JPEG with a page behind", picture(kind="JPEG") + b"<script>alert(1)</script>SECRET")
    kept("a PNG with an archive behind", picture() + b"PK\x03\x04SECRET")
    kept("a PNG with text in it", picture()[:33] + chunk(b"tEXt", b"Comment\0<script>SECRET") + picture()[33:])
    frames = [Image.new("RGB", (60, 60), (n * 60, 0, 0)) for n in range(3)]
    out = io.BytesIO()
    frames[0].save(out, "PNG", save_all=True, append_images=frames[1:])
    kept("an animated PNG", out.getvalue(), (60, 60))
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:])
    reply = ann.upload("/v1/uploads", out.getvalue())
    ok(reply.status in (201, 422), "an animated WebP", reply)
    is_(ann.upload("/v1/uploads", base64.b64encode(picture())).status, 422, "base64 is no picture")


MANY = {"provider": "mem", "guest_daily": "100000", "guest_address_daily": "100000", "upload_daily": "100000"}
stack = Stack(settings=MANY).start()
ann = guest(stack)
made = make(ann)
main()
