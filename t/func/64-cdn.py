#!/usr/bin/python3
"""Purges of a CDN, against stand-ins of Fastly, Cloudflare and a Varnish, which record what they are asked and answer
as those do: well, with a success that is none, too often, broken, not at all."""
import http.server
import json
import os
import shutil
import socketserver
import sys
import tempfile
import threading
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from members import member
from stack import SLOWER, Stack, wait_for
from studio import make, metric
from tap import main, test
import tap

LOCK = threading.Lock()		# three services are tried side by side
SECRET = "cdn-token-of-the-test"


def ok(*words):
    with LOCK:
        return tap.ok(*words)


def is_(*words):
    with LOCK:
        return tap.is_(*words)


class Service(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """One of the three. `faults` are answers for the next calls, in their order: a status, with headers; "false" (a
    success that is none), "cut", "slow"."""
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, kind):
        self.kind, self.calls, self.faults, self.gone = kind, [], [], False
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return "http://127.0.0.1:%d" % self.server_port

    def handle_error(self, request, client_address):
        pass

    def tags(self):
        return [call["tags"] for call in self.calls]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_words):
        pass

    def reply(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def any(self):
        if self.server.gone:
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = self.server.kind
        call = {"method": self.command, "path": self.path, "headers": dict(self.headers), "at": time.monotonic()}
        if kind == "fastly":
            call["tags"] = json.loads(body)["surrogate_keys"]
        elif kind == "cloudflare":
            call["tags"] = json.loads(body)["tags"]
        else:
            call["tags"] = self.headers["xkey-purge"].split(" ")
        fault = self.server.faults.pop(0) if self.server.faults else None
        call["fault"] = fault
        self.server.calls.append(call)
        if fault == "slow":
            time.sleep(4 * SLOWER)
            fault = "cut"
        if fault == "cut":
            self.close_connection = True
            self.connection.close()
        elif isinstance(fault, tuple):
            self.reply(fault[0], b'{"errors":[{"code":1,"message":"no"}]}', fault[1:])
        elif kind == "fastly":
            keys = call["tags"][:-1] if fault == "false" else call["tags"]
            self.reply(200, json.dumps({key: "1-2-3" for key in keys}).encode())
        elif kind == "cloudflare":
            self.reply(200, json.dumps({"success": fault != "false", "messages": [], "result": {"id": "x"},
                                        "errors": [{"code": 1134, "message": "Unable to purge"}] if fault else []}).encode())
        else:
            self.reply(200, b"Purged")

    do_POST = do_PURGE = any  # noqa: N815


def settings(service):
    made = {"provider": "mem", "cdn": service.kind, "cdn_retry_s": "1", "cdn_timeout_s": str(int(2 * SLOWER)), "share_gate_s": str(int(6 + 4 * SLOWER)),
            "share_daily": "1000", "job_workers": "2"}
    if service.kind == "varnish":
        return {**made, "varnish_urls": service.url}
    secret = os.path.join(folder(), "token")
    if not os.path.exists(secret):
        with open(secret, "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(SECRET)
        if os.getuid() == 0:
            shutil.chown(secret, "bezel", "bezel")
    ids = {"fastly": "fastly_service_id", "cloudflare": "cloudflare_zone_id"}
    return {**made, ids[service.kind]: "abc123", service.kind + "_token_file": secret, service.kind + "_url": service.url}


def folder():
    if not hasattr(folder, "made"):
        folder.made = tempfile.mkdtemp(prefix="bezel-t-cdn-", dir=os.environ.get("BEZEL_TEST_TMP", "/tmp"))
        os.chmod(folder.made, 0o755)
        tap.at_end(lambda: shutil.rmtree(folder.made, ignore_errors=True))
    return folder.made


def shared(stack, client=None, **words):
    owner = client or member(stack)
    design = make(owner)["id"]
    reply = owner.put("/v1/designs/%s/share" % design, json=words)
    assert reply.status == 201, reply
    return owner, design, reply.json()["token"]


def tags_of(stack, token):
    """Those that the page carries, and that of pictures that nginx serves alone."""
    reply = stack.client().get("/v1/shares/" + token)
    return set(reply.header("Surrogate-Key").split()) | {"h-" + token[:24]}


def quiet(stack, service, seconds=30):
    """Nothing is on its way any more, and gates are open."""
    # Gates first: the last purge is there before its gate goes.
    wait_for(lambda: not os.listdir(os.path.join(stack.state, "var", "gates"))
             and stack.db.jobs.count_documents({"kind": "purge", "status": {"$in": ["queued", "running"]}}) == 0,
             seconds, "the end of all purges")
    del service.calls[:]


def each(service):
    """All that is true of each of the three."""
    kind = service.kind
    stack = Stack(settings=settings(service)).start()
    owner, design, token = shared(stack)
    tags = tags_of(stack, token)
    tag_share, tag_design = sorted(tag for tag in tags if tag[0] == "s")[0], sorted(tag for tag in tags if tag[0] == "d")[0]
    quiet(stack, service)
    began = time.monotonic()
    is_(owner.delete("/v1/designs/%s/share" % design).status, 204, kind + ": revoked")
    wait_for(lambda: service.calls, 5, "the first purge")
    took = service.calls[0]["at"] - began
    ok(took < 3 + 2 * SLOWER, kind + ": purged within seconds", "%.2f s" % took)
    is_(set(service.calls[0]["tags"]), {tag_design, "h-" + token[:24]}, kind + ": page, JSON, card by the design, pictures by the link")
    call = service.calls[0]
    if kind == "fastly":
        is_((call["method"], call["path"], call["headers"]["Fastly-Key"], call["headers"].get("Fastly-Soft-Purge")),
            ("POST", "/service/abc123/purge", SECRET, None), kind + ": its call, a hard purge")
    elif kind == "cloudflare":
        is_((call["method"], call["path"], call["headers"]["Authorization"]),
            ("POST", "/client/v4/zones/abc123/purge_cache", "Bearer " + SECRET), kind + ": its call")
    else:
        is_((call["method"], call["path"]), ("PURGE", "/"), kind + ": its call")
    wait_for(lambda: len(service.calls) >= 3, 30, "the purges behind it")
    second, third = service.calls[1:3]
    ok(4 <= second["at"] - call["at"] < 7 + 3 * SLOWER, kind + ": again a few seconds later", second["at"] - call["at"])
    is_(set(second["tags"]), set(call["tags"]), kind + ": the same")
    ok(third["at"] - call["at"] > 4, kind + ": and when nothing from before can be on its way", third["at"] - call["at"])
    is_(set(third["tags"]), {tag_share, "h-" + token[:24]}, kind + ": all of that link")
    quiet(stack, service)
    time.sleep(1.5)
    is_(service.calls, [], kind + ": and then no more")
    before = metric(stack, "bezel_cdn_failures_total")
    service.faults = [(500,), "false" if kind != "varnish" else (503,), "slow"]
    reply = owner.put("/v1/designs/%s/share" % design, json={"title": "Again"})
    is_(reply.status, 201, kind + ": shared again")
    wait_for(lambda: len(service.calls) >= 4 and service.calls[-1]["fault"] is None, 60, "what comes behind the faults")
    # Another purge may have gone well while the slow one is waited for.
    wait_for(lambda: metric(stack, "bezel_cdn_failures_total") - before >= 3 and len(stack.events("cdn.later")) >= 3, 30, "three failures")
    wait_for(lambda: metric(stack, "bezel_cdn_failing") == 0, 20, "the gauge")
    is_(metric(stack, "bezel_cdn_failures_total") - before, 3, kind + ": each failure is counted, and tried again")
    reasons = [event["reason"] for event in stack.events("cdn.later")]
    is_(reasons, ["service", "not_confirmed" if kind != "varnish" else "service", "timeout"], kind + ": by its reason")
    ok(SECRET not in stack.log("bezel") and token not in stack.log("bezel"), kind + ": no secret in the log")
    return stack, owner, design


def fastly():
    service = Service("fastly")
    stack, owner, design = each(service)
    quiet(stack, service)
    service.faults = [(429, ("Retry-After", "5")), (401,)]
    owner.put("/v1/designs/%s/share" % design, json={"title": "Once more"})
    wait_for(lambda: len(service.calls) >= 3 and service.calls[-1]["fault"] is None, 60, "the third try")
    waits = [b["at"] - a["at"] for a, b in zip(service.calls, service.calls[1:])]
    ok(waits[0] >= 4.5, "too often: as long as the service asks", waits)
    is_([event["reason"] for event in stack.events("cdn.alarm")], ["refused"], "a token that is refused is an alarm")
    wait_for(lambda: metric(stack, "bezel_cdn_failing") == 0, 10, "the gauge")
    stack.close()


def cloudflare():
    service = Service("cloudflare")
    stack, owner, _ = each(service)
    quiet(stack, service)
    # Many changes while the service is away go together when it is back.
    designs = [shared(stack, owner)[1] for _ in range(12)]
    quiet(stack, service, 90)
    service.faults = [(503,)] * 2
    is_(owner.post("/v1/designs/bulk", json={"action": "delete", "ids": designs}).status, 207, "twelve go to the trash")
    wait_for(lambda: len({tag for call in service.calls if call["fault"] is None for tag in call["tags"] if tag[0] == "d"}) == 12,
             60, "all twelve tags")
    calls = [call for call in service.calls if call["fault"] is None and any(tag[0] == "d" for tag in call["tags"])]
    ok(len(calls) <= 8, "in a few calls", len(calls))
    ok(max(len(call["tags"]) for call in service.calls) <= 100, "of a hundred tags at most")
    quiet(stack, service, 90)
    is_(stack.db.jobs.count_documents({"kind": "purge", "status": {"$ne": "succeeded"}}), 0, "every job has ended well")
    stack.close()


def varnish():
    service = Service("varnish")
    stack, owner, design = each(service)
    quiet(stack, service)
    service.gone = True
    service.shutdown()
    service.server_close()
    owner.put("/v1/designs/%s/share" % design, json={"title": "Nobody hears"})
    wait_for(lambda: stack.events("cdn.later")[-1]["reason"] == "connect", 10, "a service that is not there")
    job = stack.db.jobs.find_one({"kind": "purge", "status": "queued"})
    ok(job is not None and job["last_error"] is not None or stack.db.jobs.find_one({"kind": "purge", "last_error": {"$ne": None}}),
       "the operator finds the reason at the job", job)
    wait_for(lambda: metric(stack, "bezel_cdn_failing") == 1, 5, "the gauge")
    is_(stack.client().get("/readyz").json()["failing"], ["cdn"], "and readyz names it")
    # Those that would have come along with one that has failed often do not wait as long as that.
    often = wait_for(lambda: stack.db.jobs.find_one({"kind": "purge", "status": "queued", "last_error": {"$ne": None}}), 10, "a try")["_id"]
    wait_for(lambda: stack.db.jobs.find_one_and_update({"_id": often, "status": "queued"}, [
        {"$set": {"attempts": 8, "rank": {"$subtract": ["$rank", 1000]}, "run_at": {"$add": ["$$NOW", 2000]}}}]), 20, "it to wait")
    like = stack.db.jobs.find_one({"_id": often})
    new = [{**like, "_id": str(uuid.uuid4()), "attempts": 0, "last_error": None, "rank": like["rank"] + 2000 + n} for n in range(8)]
    stack.db.jobs.insert_many(new)
    failed = wait_for(lambda: stack.db.jobs.find_one({"_id": often, "attempts": 9, "status": "queued"}), 20, "its next try")
    ok((failed["run_at"] - failed["updated_at"]).total_seconds() > 60, "it waits for long", failed["run_at"])
    latest = max(job["run_at"] for job in stack.db.jobs.find({"_id": {"$in": [job["_id"] for job in new]}}))
    ok((latest - failed["updated_at"]).total_seconds() < 20 + 10 * SLOWER, "those that are new do not", latest - failed["updated_at"])
    stack.close()


@test
def three_services():
    folder()  # one for all three
    failures = []

    def run(function):
        try:
            function()
        except Exception as error:  # pylint: disable=broad-except
            failures.append("%s: %r" % (function.__name__, error))
    threads = [threading.Thread(target=run, args=(function,)) for function in (fastly, cloudflare, varnish)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    is_(failures, [], "all three came to their end")


@test
def hosts_make_one_job():
    """Whoever sees the change: its id follows from what was changed when."""
    service = Service("cloudflare")
    stack = Stack(settings=settings(service)).start()
    owner, design, _ = shared(stack)
    quiet(stack, service)
    jobs = stack.db.jobs.count_documents({"kind": "purge"})
    pid = [pid for pid in stack.workers if open("/proc/%d/comm" % pid, encoding="ascii").read().strip() == "bezel-shares"][0]
    owner.put("/v1/designs/%s/share" % design, json={"title": "New"})
    wait_for(lambda: stack.db.jobs.count_documents({"kind": "purge"}) == jobs + 2, 10, "two jobs")
    stack.kill(pid)		# the next one remembers nothing, and sees the change again
    time.sleep(3)
    is_(stack.db.jobs.count_documents({"kind": "purge"}), jobs + 2, "seen twice, purged once")
    stack.close()


@test
def without_one():
    stack = Stack(settings={"provider": "mem", "share_gate_s": "2"}).start()
    shared(stack)
    time.sleep(3.5)
    is_(stack.db.jobs.count_documents({"kind": "purge"}), 0, "no CDN, no jobs")
    for words, about in (({"cdn": "fastly"}, "fastly_service_id"), ({"cdn": "cloudflare", "cloudflare_zone_id": "a/b"}, "zone"),
                         ({"cdn": "varnish"}, "varnish_urls"), ({"cdn": "akamai"}, "cdn"),
                         ({"cdn": "varnish", "varnish_urls": "http://192.0.2.1"}, "varnish_urls"),
                         ({"fastly_url": "http://api.example"}, "fastly_url")):
        done = stack.bezel("check", *["--%s=%s" % pair for pair in words.items()])
        ok(done.returncode != 0 and about in done.stderr, "not understood: %s" % words, done.stderr)
    stack.close()


main()
