"""openapi.py - looks at every reply that a test gets: does it keep the promises of etc/openapi.json?

stack.client() gives clients that show each exchange to watch(). What does not fit is one failed point at the end
of the file. Which route was answered with which status is written to t/func/exercised/ in the folder of the
build, where t/func/90-coverage.py reads it.

The status of an error must be one that the route's answers name, and a header that OpenAPI requires of an answer
must be there. Beside the schemas these rules hold for every reply: no 5xx that the test has not allowed (client.allowed), a
request id, a Cache-Control, a problem under /v1 for each error, with the headers that its status needs, and not
a word of driver, source or stack.
"""
import hashlib
import json
import os
import re
import sys

import tap

try:
    import jsonschema
except ImportError:
    jsonschema = None

# Words that only our inside knows.
INSIDE = re.compile(rb"mongo|bson|libfcgi|WiredTiger|errmsg|assert|SIG[A-Z]{3,}|\.[ch]:\d|0x[0-9a-f]{6,}|/tmp/")


# What any request can meet, in front of its route: OpenAPI has it as "default".
ANYWHERE = {405, 408, 411, 414, 416, 431, 500, 502, 504}


def load(srcdir, name):
    with open(os.path.join(srcdir, name), encoding="utf-8") as file:
        return file.read()


def route_rows(srcdir):
    """(method, pattern, status) of each row of routes.def, as printed to docs/routes.md."""
    return [(m, p, int(s)) for m, p, s in
            re.findall(r"^\| ([A-Z]+) \| `([^`]+)` \| (\d+) \|", load(srcdir, "docs/routes.md"), re.M)]


def without_damage(value):
    """A damaged document shows what is stored: its fields are not promised."""
    if isinstance(value, list):
        return [without_damage(item) for item in value if not (isinstance(item, dict) and "damaged" in item)]
    if isinstance(value, dict):
        return {key: without_damage(item) for key, item in value.items()}
    return value


def remembering():
    """A validator that looks at what is described by a name only once for each value: lists have the same designs again and
    again, and looking took more of a test's processor time than all else. What does not fit is found each time."""
    look, fitted = jsonschema.Draft202012Validator.VALIDATORS["$ref"], set()

    def look_once(validator, name, value, schema):
        key = name, hashlib.blake2b(json.dumps(value).encode(), digest_size=16).digest()
        if key in fitted:
            return
        errors = list(look(validator, name, value, schema))
        if not errors:
            fitted.add(key)
        yield from errors
    return jsonschema.validators.extend(jsonschema.Draft202012Validator, {"$ref": look_once})


class Watcher:
    def __init__(self, srcdir, builddir):
        self.document = json.loads(load(srcdir, "etc/openapi.json"))
        self.folder = os.path.join(builddir, "t", "func", "exercised")
        self.patterns = [(m, p, re.compile(re.sub(r"\{\w+\}", "[^/]+", p) + "$"), s)
                         for m, p, s in route_rows(srcdir)]
        self.validators = {}
        self.kind = jsonschema and remembering()
        self.seen = set()
        self.faults = []
        self.replies = 0

    def _validator(self, *path):
        if path not in self.validators:
            schema = self.document["paths"]
            for step in path:
                schema = schema.get(step) if isinstance(schema, dict) else None
            if schema is None or jsonschema is None:
                self.validators[path] = None
            else:
                self.validators[path] = self.kind(
                    {"allOf": [schema], "components": self.document["components"]})
        return self.validators[path]

    def _fits(self, name, validator, value):
        if validator is None:
            return
        for error in list(validator.iter_errors(value))[:3]:
            self.faults.append("%s: /%s: %s" % (name, "/".join(map(str, error.absolute_path)), error.message[:200]))

    def watch(self, method, path, sent, reply, allowed=(), base_url=""):
        """One exchange; sent is the JSON of the request, or None."""
        path = path.split("?")[0]
        name = "%s %s -> %d" % (method, path, reply.status)
        self.replies += 1
        if reply.status >= 500 and reply.status not in allowed:
            self.faults.append("%s: %s" % (name, reply.text[:300]))
        if not path.startswith("/v1/"):
            self._seen(method, path, reply.status)
            return
        self._headers(name, method, reply, base_url)
        pattern = self._seen(method, path, reply.status)
        verb = "get" if method == "HEAD" else method.lower()
        if pattern is None or reply.status in ANYWHERE:
            return
        declared = self.document["paths"][pattern][verb]
        status = str(reply.status)
        if status not in declared["responses"]:
            self.faults.append("%s: the status is not in etc/openapi.json" % name)
            return
        if reply.status >= 300 or method == "HEAD" or reply.status == 204:
            return
        kinds = list(declared["responses"][status].get("content", {}))
        if kinds and "application/json" not in kinds:
            if reply.header("Content-Type") not in kinds:
                self.faults.append("%s: %s, not %s" % (name, reply.header("Content-Type"), kinds))
            return
        value = without_damage(reply.json())
        if not (isinstance(value, dict) and "damaged" in value):
            self._promised_headers(name, declared["responses"][status], reply)
            promise = self._validator(pattern, verb, "responses", status, "content", "application/json", "schema")
            if promise is None and jsonschema is not None and pattern != "/v1/openapi.json":
                self.faults.append("%s: etc/openapi.json does not say what it looks like" % name)
            self._fits(name, promise, value)
        if sent is not None and "requestBody" in declared:
            kind = next(iter(declared["requestBody"]["content"]))
            self._fits(name + ": what was accepted", self._validator(
                pattern, verb, "requestBody", "content", kind, "schema"), sent)

    def _promised_headers(self, name, declared, reply):
        for header, row in declared.get("headers", {}).items():
            if "$ref" in row:
                row = self.document["components"]["headers"][row["$ref"].split("/")[-1]]
            if row.get("required") and reply.header(header) is None:
                self.faults.append("%s: no %s, which etc/openapi.json promises" % (name, header))

    def _seen(self, method, path, status):
        for row, pattern, regex, _ in self.patterns:
            if regex.match(path) and (row == method or (row, method) == ("GET", "HEAD")):
                self.seen.add("%s %s %d" % (row, pattern, status))
                return pattern
        return None

    def _headers(self, name, method, reply, base_url):
        needs = {401: "WWW-Authenticate", 405: "Allow", 429: "Retry-After", 503: "Retry-After"}
        for header in ["X-Request-Id", "Cache-Control"] + [needs[s] for s in needs if s == reply.status]:
            if len(reply.header_all(header)) != 1:
                self.faults.append("%s: %s: %r" % (name, header, reply.header_all(header)))
        if reply.status >= 400 and INSIDE.search(reply.body):
            self.faults.append("%s tells of our inside: %s" % (name, reply.text[:300]))
        if reply.status < 400 or method == "HEAD":
            return
        if reply.header("Content-Type") != "application/problem+json":
            self.faults.append("%s: %s" % (name, reply.header("Content-Type")))
            return
        problem = reply.json()
        if problem["status"] != reply.status or problem["request_id"] != reply.header("X-Request-Id") \
                or problem["type"] != base_url + "/v1/problems/" + problem["code"]:
            self.faults.append("%s: %s" % (name, reply.text[:300]))
        if jsonschema is not None:
            schema = self.validators.setdefault("problem", jsonschema.Draft202012Validator(
                {"$ref": "#/components/schemas/Problem", "components": self.document["components"]}))
            self._fits(name, schema, problem)

    def end(self):
        os.makedirs(self.folder, exist_ok=True)
        file_name = os.path.splitext(os.path.basename(sys.argv[0]))[0] + ".txt"
        if len(sys.argv) == 1:
            with open(os.path.join(self.folder, file_name), "w", encoding="ascii") as file:
                file.write("".join(line + "\n" for line in sorted(self.seen)))
        tap.ok(not self.faults, "%d replies keep what etc/openapi.json promises" % self.replies,
               "\n".join(self.faults[:30]))


_watcher = None


def watcher(srcdir, builddir):
    """One for the whole file."""
    global _watcher
    if _watcher is None:
        _watcher = Watcher(srcdir, builddir)
        tap.at_end(_watcher.end)
    return _watcher
