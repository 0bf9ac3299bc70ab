#!/usr/bin/python3
"""Links to designs behind nginx's cache: whatever the owner changes, the next request shows it, whoever asks and
whatever is on its way; other hosts and the dead are seen within seconds; with no database, what is kept is served."""
import datetime
import os
import re
import selectors
import shutil
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import bson

from faults import Mongod, faulty_stack, workers
from members import PASSWORD, member
from stack import SLOWER, Stack, wait_for
from studio import make, metric, over
from tap import diag, is_, main, ok, test

GATE_S = int(2 * SLOWER)
CLIENTS = 64
# Requests that begin behind an owner's answer: as many as show a race that is rare. That is not another one in a build with a
# sanitizer, for which it is enough that each change was met by a crowd.
LATE = 1000 if os.environ.get("BEZEL_TEST_SANITIZED") else int(10000 / SLOWER)
EACH = LATE // 9 + 1		# of one change
POLL_S = 2 + 2 * SLOWER		# a look each second, and the look itself


class Proxy:
    """Between nginx and the quick workers, so that a test can hold an answer that was made already: what comes back on a
    connection that has asked for `path` since hold() waits for release()."""

    def __init__(self, front, back):
        self.front, self.back = front, back
        self.path, self.asked, self.held = None, 0, 0
        self.count_path, self.count = None, 0
        self.free = threading.Event()
        self.free.set()
        self.lock = threading.Lock()
        self.listener = None
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while not os.path.exists(self.back):
            time.sleep(0.01)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.front)
        os.chmod(self.front, 0o777)
        self.listener.listen(512)
        while True:
            near, _ = self.listener.accept()
            far = socket.socket(socket.AF_UNIX)
            far.connect(self.back)
            mine = {"held": False}
            threading.Thread(target=self.there, args=(near, far, mine), daemon=True).start()
            threading.Thread(target=self.back_again, args=(far, near, mine), daemon=True).start()

    def there(self, near, far, mine):
        try:
            while data := near.recv(65536):
                with self.lock:
                    if self.count_path and self.count_path in data:
                        self.count += 1
                    if self.path and self.path in data and not self.free.is_set():
                        mine["held"] = True
                        self.asked += 1
                far.sendall(data)
        except OSError:
            pass
        finally:
            shut(far)

    def back_again(self, far, near, mine):
        try:
            while data := far.recv(65536):
                if mine["held"]:
                    with self.lock:
                        self.held += 1
                    self.free.wait()
                    mine["held"] = False
                near.sendall(data)
        except OSError:
            pass
        finally:
            shut(near)

    def hold(self, path):
        with self.lock:
            self.path, self.asked, self.held = path.encode(), 0, 0
            self.free.clear()

    def release(self):
        with self.lock:
            self.path = None
        self.free.set()

    def counting(self, path):
        with self.lock:
            self.count_path, self.count = path.encode(), 0


def shut(connection):
    try:
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Link:
    """A design of a member's, and its link."""

    def __init__(self, on, client=None, **settings):
        self.stack = on
        self.owner = client or member(on)
        self.design = make(self.owner)["id"]
        self.images = [image["image_id"] for image in self.owner.get("/v1/designs/" + self.design).json()["generated_images"]]
        self.put(**settings)

    def put(self, **settings):
        reply = self.owner.put("/v1/designs/%s/share" % self.design, json=settings)
        assert reply.status in (200, 201), reply
        self.token = reply.json()["token"]
        self.page, self.json = "/s/" + self.token, "/v1/shares/" + self.token
        self.path = "/v1/designs/" + self.design
        self.share = self.path + "/share"
        return reply

    def revoke(self):
        return self.owner.delete("/v1/designs/%s/share" % self.design)

    def gate(self, on=None):
        return os.path.join((on or self.stack).state, "var", "gates", self.token)

    def warm(self, on=None, path=None):
        """The gate is open, and the answer is kept."""
        on = on or self.stack
        client = on.client()
        wait_for(lambda: not os.path.exists(self.gate(on)), GATE_S + 10, "the gate to open")
        wait_for(lambda: client.get(path or self.page).header("X-Cache") == "HIT", 5, "a hit")


def state_of(status, text):
    """What a viewer sees, in a word."""
    if status != 200:
        return str(status)
    if "password" in text and "<form" in text:
        return "locked"
    start = text.find("<title>") + 7
    return text[start:text.find("</title>")]


def give(path):
    """To the services' user."""
    if os.getuid() == 0:
        shutil.chown(path, "bezel", "bezel")


def viewed(client, path):
    reply = client.get(path)
    return state_of(reply.status, reply.text)


class Viewer:
    """One connection of a crowd, kept as long as nginx keeps it, and its one request at a time."""

    def __init__(self, crowd):
        self.crowd, self.connection, self.began, self.data = crowd, None, 0.0, b""

    def ask(self):
        if self.connection is None:
            self.connection = socket.create_connection(("127.0.0.1", self.crowd.port), timeout=30 * SLOWER)
            self.connection.setblocking(False)
            self.crowd.selector.register(self.connection, selectors.EVENT_READ, self)
        self.began, self.data = time.monotonic(), b""
        self.connection.send(self.crowd.request)

    def leave(self):
        if self.connection is not None:
            self.crowd.selector.unregister(self.connection)
            self.connection.close()
            self.connection = None

    def hear(self):
        """What has come; the next request when that was all of an answer."""
        try:
            piece = self.connection.recv(262144)
        except OSError:
            piece = b""
        self.data += piece
        head, found, body = self.data.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        whole = found and (len(body) >= int(length.group(1)) if length else body.endswith(b"0\r\n\r\n"))
        if whole:
            self.crowd.seen.append((self.began, self.crowd.state(head, body)))
        if not piece or b"\r\nConnection: close" in head:
            self.leave()
        if (whole or not piece) and not self.crowd.stop:
            self.ask()


LENGTH = re.compile(rb"\r\nContent-Length: (\d+)", re.IGNORECASE)


class Crowd:
    """Viewers who ask all the time, each on a connection of its own: when each request was sent, and what it saw. One
    thread waits for them all, so that they ask as fast as a Python can."""

    def __init__(self, on, path, count=CLIENTS):
        self.seen, self.stop, self.states = [], False, {}
        self.port, self.count = on.port, count
        self.request = ("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % (path, on.port)).encode()
        self.selector = selectors.DefaultSelector()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def state(self, head, body):
        """Of few different answers, each is read once."""
        key = head[9:12], body
        if key not in self.states:
            self.states[key] = state_of(int(key[0]), body.decode("utf-8", "replace"))
        return self.states[key]

    def run(self):
        viewers = [Viewer(self) for _ in range(self.count)]
        for viewer in viewers:
            viewer.ask()
        while not self.stop:
            for key, _ in self.selector.select(0.1):
                key.data.hear()
        for viewer in viewers:
            viewer.leave()
        self.selector.close()

    def end(self):
        self.stop = True
        self.thread.join(60 * SLOWER)
        return self.seen


def settled(links):
    """The gates of all of them are open, and what may be kept is."""
    for link in links:
        wait_for(lambda k=link: not os.path.exists(k.gate()), GATE_S + 10, "the gate to open")
        stack.client().get(link.page)


@test
def kept_from_the_gate_on():
    link = Link(stack, title="A first title")
    client = stack.client()
    is_([client.get(link.page).header("X-Cache") for _ in range(2)], ["BYPASS"] * 2, "a link that was changed just now")
    link.warm()
    link.warm(path=link.json)
    before = metric(stack, "bezel_database_commands_total")
    is_({client.get(path).header("X-Cache") for path in (link.page, link.json) * 20}, {"HIT"}, "then it is kept")
    is_(metric(stack, "bezel_database_commands_total"), before, "and costs no command")
    image = client.get(link.json).json()["image_url"]
    image = image[image.index("/s/"):]
    first, second = client.get(image), client.get(image)
    is_((first.status, first.header("Cache-Control"), first.header("Content-Type"), first.header("Surrogate-Key")[:2]),
        (200, "public, max-age=0, s-maxage=86400", "image/webp", "s-"), "a picture: a worker says where it is")
    is_((second.body == first.body, second.header("Surrogate-Key")), (True, "h-" + link.token[:24]), "and then nginx alone")
    part = client.get(image, headers={"Range": "bytes=0-3"})
    is_((part.status, part.body, client.get(image, headers={"Range": "bytes=99999999-"}).status), (206, b"RIFF", 416), "also a part of it")
    is_(os.listdir(os.path.join(stack.state, "var", "shares", link.token)), [image.rsplit("/", 1)[1]], "by a second name")
    is_(metric(stack, "bezel_database_commands_total") - before, 1, "for one read")
    is_(client.get(link.page + "/i/" + "0" * 32 + ".webp").status, 404, "no other picture")
    is_(link.revoke().status, 204, "revoked")
    is_([client.get(path).status for path in (link.page, link.json, image)], [404] * 3, "page, JSON and picture are gone")
    wait_for(lambda: not os.path.exists(link.gate()), GATE_S + 10, "the gate to open")
    ok(not os.path.exists(os.path.join(stack.state, "var", "shares", link.token)), "and its second name")
    is_([client.get(path).status for path in (link.page, link.json, image)], [404] * 3, "and stay so")


@test
def never_stale():
    """Each change while 64 viewers ask all the time: who begins behind the owner's answer sees the new state. Each of
    these changes has a link of its own, so that one wait for gates serves them all."""
    owner = member(stack)

    def put(link, **members):
        return owner.put(link.share, json=members)

    def bulk(link, action):
        return owner.post("/v1/designs/bulk", json={"action": action, "ids": [link.design]})
    # What was done before, the change, what is seen before and behind it. What cannot wait comes first: undo has a minute.
    changes = [
        ("undo", lambda k: owner.delete(k.share), lambda k: owner.post(k.share + "/restore"), "404", "Two"),
        ("another title", None, lambda k: put(k, title="Three"), "Two", "Three"),
        ("a password", None, lambda k: put(k, password=PASSWORD), "Two", "locked"),
        ("no password", lambda k: put(k, password=PASSWORD), lambda k: put(k, password=None), "locked", "Two"),
        ("trash", None, lambda k: owner.delete(k.path), "Two", "404"),
        ("out of the trash", lambda k: owner.delete(k.path), lambda k: owner.post(k.path + "/restore"), "404", "Two"),
        ("revoke", None, lambda k: owner.delete(k.share), "Two", "404"),
        ("trash of many", None, lambda k: bulk(k, "delete"), "Two", "404"),
        ("and back", lambda k: bulk(k, "delete"), lambda k: bulk(k, "restore"), "404", "Two"),
    ]
    links = [Link(stack, client=owner, title="Two") for _ in changes]
    for link, (name, prepare, *_) in zip(reversed(links), reversed(changes)):
        assert prepare is None or prepare(link).status < 300, name
    settled(links)
    total, late, stale = 0, 0, 0
    for link, (name, _, change, before, after) in zip(links, changes):
        crowd = Crowd(stack, link.page)
        wait_for(lambda c=crowd: len(c.seen) > 450, 60, "the crowd")
        reply = change(link)
        told = time.monotonic()
        # Not of all that come, but of those that were sent behind the answer: the 64 that are on their way are not.
        enough = len(crowd.seen) + EACH + 2 * CLIENTS
        wait_for(lambda c=crowd, n=enough: len(c.seen) > n, 60, "requests behind the change")
        seen = crowd.end()
        behind = [state for began, state in seen if began > told]
        ok(reply.status < 300, name + ": done", reply)
        ok({state for began, state in seen if began < told} <= {before, after} and before in {s for _, s in seen},
           name + ": the old state before", {s for _, s in seen})
        is_({state for state in behind}, {after}, "%s: %d requests behind the answer, none is stale" % (name, len(behind)))
        total, late, stale = total + len(seen), late + len(behind), stale + sum(state != after for state in behind)
    diag("%d requests in all, %d of them behind an answer" % (total, late))
    is_((late >= LATE, stale), (True, 0), "of %d requests that began behind the owner's answer none was stale" % late)


@test
def another_picture():
    link = Link(stack)
    link.warm()
    link.warm(path=link.json)
    client = stack.client()
    shown = client.get(link.json).json()["image_url"]
    before = client.get(shown[shown.index("/s/"):]).body
    now = link.owner.get("/v1/designs/" + link.design).json()["current_version"]["image_id"]
    reply = link.owner.post("/v1/designs/%s/select" % link.design,
                            json={"image_id": [image for image in link.images if image != now][0]})
    is_(reply.status, 200, "selected")
    after = client.get(link.json).json()["image_url"]
    ok(after != shown, "the JSON shows it at once")
    is_(client.get(shown[shown.index("/s/"):]).status, 404, "the picture that was shown before is gone at once")
    ok(client.get(after[after.index("/s/"):]).body != before, "the new one is there")
    link.warm(path=link.json)
    reply = link.owner.post("/v1/designs/%s/refinements" % link.design, json={"prompt": "more leaves"})
    is_(reply.status, 202, "a refinement")
    over(link.owner, reply.json()["id"])
    refined = client.get(link.json).json()["image_url"]
    ok(refined not in (after, shown), "is shown as soon as it is told that it is there")


@test
def an_answer_on_its_way():
    """It was read before the change and arrives long after it."""
    for name in ("revoke", "password", "title"):
        link = Link(held_stack, title="Old")
        client = held_stack.client()
        link.warm()
        kept = [os.path.join(folder, name_) for folder, _, names in os.walk(os.path.join(held_stack.state, "var", "share-cache"))
                for name_ in names]
        for path in kept:
            os.unlink(path)
        proxy.hold(link.page)
        results = []
        first = threading.Thread(target=lambda: results.append(viewed(client, link.page)))  # pylint: disable=cell-var-from-loop
        first.start()
        wait_for(lambda: proxy.held, 10, "an answer that was made")
        if name == "revoke":
            reply, want = link.revoke(), "404"
        elif name == "password":
            reply, want = link.put(password=PASSWORD), "locked"
        else:
            reply, want = link.put(title="New"), "New"
        ok(reply.status < 300, name + ": done while the answer is held")
        crowd = Crowd(held_stack, link.page, 8)
        time.sleep(0.5)
        proxy.release()
        first.join(30)
        time.sleep(0.5)
        seen = crowd.end()
        is_(results, ["Old"], name + ": who asked before sees what was")
        is_({state for _, state in seen}, {want}, "%s: %d others see what is, before and behind it" % (name, len(seen)))
        wait_for(lambda: not os.path.exists(link.gate()), GATE_S + 10, "the gate to open")
        is_({viewed(client, link.page) for _ in range(20)}, {want}, name + ": and when the gate is open again")


@test
def a_crowd_asks_once():
    link = Link(held_stack)
    wait_for(lambda: not os.path.exists(link.gate()), GATE_S + 10, "the gate to open")
    proxy.counting(link.page)
    proxy.hold(link.page)
    crowd = [threading.Thread(target=held_stack.client().get, args=(link.page,)) for _ in range(20)]
    for thread in crowd:
        thread.start()
    wait_for(lambda: proxy.held, 10, "the answer")
    time.sleep(0.2)
    proxy.release()
    for thread in crowd:
        thread.join(30)
    is_(proxy.count, 1, "of 20 misses at once one reached a worker")


@test
def changed_by_the_dead_or_elsewhere():
    """A commit whose worker died before it had closed the gate looks like one of another host."""
    link = Link(stack, title="Before")
    link.warm()
    client = stack.client()
    began = time.monotonic()
    stack.db.designs.update_one({"_id": link.design}, [{"$set": {"share_settings.title": "After", "link_changed_at": "$$NOW"}}])
    wait_for(lambda: viewed(client, link.page) == "After", 10, "the change")
    took = time.monotonic() - began
    ok(took < POLL_S, "seen within a second or two", "%.2f s" % took)
    link.warm()
    stack.db.designs.update_one({"_id": link.design}, [{"$set": {
        "share_settings.share_token": "x" * 64, "share_settings.former_tokens": [link.token], "link_changed_at": "$$NOW"}}])
    wait_for(lambda: viewed(client, link.page) == "404", 10, "the end of a link that was replaced")
    pid = workers(stack, "shares")[0]
    stack.kill(pid)
    wait_for(lambda: workers(stack, "shares") not in ([], [pid]), 20, "another who looks")
    other = Link(stack, title="Before")
    other.warm()
    stack.db.designs.update_one({"_id": other.design}, [{"$set": {"is_deleted": True, "link_changed_at": "$$NOW"}}])
    wait_for(lambda: viewed(client, other.page) == "404", 10, "a change seen by the next one")
    ok(True, "who looks may be killed")


@test
def each_change_is_taken_once():
    """Also of many within a minute: none pushes another out of what the host remembers."""
    link = Link(stack)
    whole = stack.db.designs.find_one({"_id": link.design})
    before = sum(e["closed"] for e in stack.events("shares"))

    def taken():
        return sum(e["closed"] for e in stack.events("shares")) - before
    copies = []
    for n in range(300):
        settings = {**whole["share_settings"], "share_token": "%05d" % n + "c" * 51}
        copies.append({**whole, "_id": "%08d" % n + whole["_id"][8:], "share_settings": settings,
                       "link_changed_at": datetime.datetime.now(datetime.timezone.utc)})
    stack.db.designs.insert_many(copies)
    wait_for(lambda: taken() >= 300, 20, "the looks")
    time.sleep(3)
    got = taken()
    ok(300 <= got <= 301, "300 changes at once, each got its gate once", got)
    stack.db.designs.delete_many({"_id": {"$in": [copy["_id"] for copy in copies]}})


@test
def a_second_host():
    link = Link(stack, title="Before")
    uri = os.path.join(stack.folder, "uri") if stack.shared else os.path.join(stack.state, "secrets", "mongodb.uri")
    with Stack(settings={"provider": "mem", "share_gate_s": str(GATE_S), "objects": os.path.join(stack.state, "objects"),
                         "mongodb_database": stack.database}, options=["--mongodb-uri", "@" + uri], own_mongod=True) as host:
        host.stop()
        shutil.copy2(os.path.join(stack.state, "secrets", "master.key"), os.path.join(host.state, "secrets", "master.key"))
        give(os.path.join(host.state, "secrets", "master.key"))
        host.start()
        client = host.client()
        link.warm(host)
        for name, change, want in (("title", lambda: link.put(title="After"), "After"), ("revoke", link.revoke, "404")):
            link.warm(host)
            ok(change().status < 300, name + ": done on the first")
            began = time.monotonic()
            is_(viewed(stack.client(), link.page), want, name + ": the first shows it at once")
            wait_for(lambda want=want: viewed(client, link.page) == want, 10, name)
            took = time.monotonic() - began
            ok(took < POLL_S, name + ": the second within a second or two", "%.2f s" % took)
        is_({viewed(client, link.page) for _ in range(50)}, {"404"}, "and for good")
        one, two = Link(stack), Link(stack)
        for each in (one, two):
            each.warm(host)
        # Before anybody can have looked.
        is_([one.owner.delete(one.path).status, one.owner.delete(one.path + "?purge=true").status], [204, 204], "trashed and purged")
        for action, want in (("delete", 204), ("purge", 204)):
            reply = two.owner.post("/v1/designs/bulk", json={"action": action, "ids": [two.design]})
            is_([item["status"] for item in reply.json()["items"]], [want], "the same of many: " + action)
        for each in (one, two):
            wait_for(lambda each=each: viewed(client, each.page) == "404", 10, "the end of a design that is gone")
            is_(each.owner.get(each.path).status, 404, "gone for its owner")
        left = list(stack.db.designs.find({"_id": {"$in": [one.design, two.design]}}))
        is_([(d["user_id"], d["generated_images"], d["original_prompt"]) for d in left], [(None, [], "-")] * 2, "nothing is left but the token")
        long_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=5)
        stack.db.designs.update_many({"_id": {"$in": [one.design, two.design]}}, {"$set": {"share_settings.revoked_at": long_ago}})
        wait_for(lambda: not stack.db.designs.find_one({"_id": {"$in": [one.design, two.design]}}), 20, "the sweep")
        ok(True, "which goes when every host has looked")


@test
def the_end_of_its_time():
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=GATE_S + 5 * SLOWER)
    link = Link(stack, expires_at=end.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
    client = stack.client()
    link.warm()
    age = client.get(link.page).header("Cache-Control")
    ok(0 < int(re.search(r"s-maxage=(\d+)", age).group(1)) <= GATE_S + 5 * SLOWER, "kept until then at most", age)
    image = client.get(link.json).json()["image_url"]
    is_(client.get(image[image.index("/s/"):]).status, 200, "a picture")
    ok(not os.path.exists(os.path.join(stack.state, "var", "shares", link.token)), "is not linked for less than a day")
    time.sleep(max(0, end.timestamp() - time.time()))
    wait_for(lambda: client.get(link.page).status == 410, POLL_S + 1, "the end")
    is_({client.get(link.page).status for _ in range(20)}, {410}, "ended, for good")
    wait_for(lambda: os.path.exists(link.gate()), POLL_S, "its gate to be closed")
    ok(True, "its gate was closed")


@test
def accounts_that_end():
    one, two = Link(stack), Link(stack)
    three = Link(stack, client=two.owner)
    for link in (one, two, three):
        link.warm()
    client = stack.client()
    done = stack.bezel("admin", "users", "disable", one.owner.address_of_mail)
    ok(done.returncode == 0, "disabled by an operator", done.stderr)
    wait_for(lambda: client.get(one.page).status == 404, POLL_S + 1, "the end of its links")
    is_(two.owner.delete("/v1/me", json={"password": PASSWORD}).status, 204, "deleted by its owner")
    is_([client.get(link.page).status for link in (two, three)], [404, 404], "all links are dead at once")


@test
def a_disk_that_takes_nothing():
    """No gate, no change; and what cannot be told is not lost."""
    link = Link(stack, title="Before")
    link.warm()
    folder = os.path.join(stack.state, "var", "gates")
    os.rename(folder, folder + ".away")
    with open(folder, "wb"):
        pass
    try:
        owner = stack.client(allowed=(503,))
        owner.cookies, share, design = link.owner.cookies, "/v1/designs/%s/share" % link.design, "/v1/designs/" + link.design
        for name, reply in (
                ("title", owner.put(share, json={"title": "After"})),
                ("revoke", owner.delete(share)),
                ("trash", owner.delete(design)),
                ("selection", owner.post(design + "/select", json={"image_id": link.images[0]})),
                ("trash of many", owner.post("/v1/designs/bulk", json={"action": "delete", "ids": [link.design]})),
                ("account", owner.delete("/v1/me", json={"password": PASSWORD}))):
            is_((reply.status, reply.json()["code"]), (503, "unavailable"), name + " is refused")
        now = stack.db.designs.find_one({"_id": link.design})
        is_((now["share_settings"]["title"], now["share_settings"]["is_shared"], now["is_deleted"]), ("Before", True, False),
            "nothing was changed")
        is_(owner.patch(design, json={"is_favorite": True}).status, 200, "a star, which no link shows, needs no gate")
        is_(owner.get("/v1/me").status, 200, "the account neither")
        is_(viewed(stack.client(), link.page), "Before", "and viewers see what is")
    finally:
        os.unlink(folder)
        os.rename(folder + ".away", folder)
    is_(link.owner.delete(share).status, 204, "with the disk back it is revoked")
    is_(stack.client().get(link.page).status, 404, "at once")


@test
def damage_kills_no_worker():
    """Whatever stands in a document: who has the link gets an answer, and the next one too."""
    link = Link(stack, title="Whole")
    link.warm()
    whole = stack.db.designs.find_one({"_id": link.design})
    shown = [i for i, image in enumerate(whole["generated_images"]) if image["image_id"] == whole["current_version"]["image_id"]][0]
    client, workers = stack.client(), set(stack.workers)
    cookie = {"Cookie": "bezel_%d-s=9999999999.x" % stack.port}
    stack.db.command("collMod", "designs", validationLevel="off")
    for change, want in (
            ({"generated_images.%d.image_url" % shown: "a/0123456789abcdef.webp"}, [404, 404]),
            ({"generated_images.%d.thumbnail_url" % shown: "../0123456789abcdef.webp"}, [404, 404]),
            ({"share_settings.password_protected": True, "share_settings.password_hash": bson.Binary(b"x" * 20000, 6)}, [200, 403])):
        stack.db.designs.replace_one({"_id": link.design}, whole)
        stack.db.designs.update_one({"_id": link.design}, {"$set": change})
        is_([client.get(path, headers=cookie).status for path in (link.page, link.page + "/i/0123456789abcdef.webp")], want, str(change)[:60])
    is_(set(stack.workers), workers, "nobody has died of it")
    stack.db.designs.delete_one({"_id": link.design})
    stack.db.command("collMod", "designs", validationLevel="moderate")


@test
def gates_that_cannot_be_opened():
    """They keep none of the others closed."""
    stuck, link = ["Av" + chr(ord("A") + n) * 62 for n in range(12)], Link(stack)
    for name in stuck:
        folder = os.path.join(stack.state, "var", "shares", name)
        os.makedirs(os.path.join(folder, "of somebody else"))
        gate = os.path.join(stack.state, "var", "gates", name)
        with open(gate, "wb"):
            pass
        for path in (os.path.dirname(folder), folder, gate):
            give(path)
    try:
        wait_for(lambda: not os.path.exists(link.gate()), 2 * GATE_S + 10, "the gate to open")
        ok(all(os.path.exists(os.path.join(stack.state, "var", "gates", name)) for name in stuck), "while the others are closed")
        wait_for(lambda: [e for e in stack.events("shares.failed") if "remove" in e["message"]], 10, "an operator is told")
    finally:
        for name in stuck:
            shutil.rmtree(os.path.join(stack.state, "var", "shares", name))
    wait_for(lambda: not any(os.path.exists(os.path.join(stack.state, "var", "gates", name)) for name in stuck), GATE_S + 10, "then all are open")


@test
def a_host_that_was_blind():
    """It may have missed what is forgotten by now: so it forgets all that it keeps."""
    link = Link(stack)
    link.warm()
    image = stack.client().get(link.json).json()["image_url"]
    stack.client().get(image[image.index("/s/"):])
    lost = "Av" + "L" * 62
    folder = os.path.join(stack.state, "var", "shares", lost)
    shutil.copytree(os.path.join(stack.state, "var", "shares", link.token), folder)
    give(folder)
    stack.stop()
    os.utime(os.path.join(stack.state, "var", "share-look"), (time.time() - 3600,) * 2)
    stack.start()
    wait_for(lambda: [e for e in stack.events("shares") if e["forgotten"] > 0], 10, "the first look")
    is_([os.listdir(os.path.join(stack.state, "var", "shares", name)) for name in (lost, link.token)], [[], []], "no picture is left")
    ok(stack.client().get(link.page).header("X-Cache") in ("MISS", "BYPASS"), "nor an answer")
    # Seen lately, it goes on with what it has; what should not be there goes by the audit.
    stack.db.designs.update_many({}, [{"$set": {"link_changed_at": {"$subtract": ["$$NOW", 3600000]}}}])
    link.warm()
    stack.client().get(image[image.index("/s/"):])
    with open(os.path.join(folder, "x.webp"), "wb"):
        pass
    stack.restart()
    wait_for(lambda: not os.path.exists(folder), GATE_S + 15, "the audit")
    ok(os.listdir(os.path.join(stack.state, "var", "shares", link.token)), "what may be there stays")


@test
def looks_are_cheap():
    """By their partial indexes; two a second."""
    soon = datetime.datetime.now(datetime.timezone.utc)
    for name, filter_ in (
            ("by_share_change", {"share_settings.share_token": {"$gt": ""},
                                 "$expr": {"$gte": ["$link_changed_at", {"$subtract": ["$$NOW", 60000]}]}}),
            ("by_share_expiry", {"share_settings.share_token": {"$gt": ""},
                                 "share_settings.expires_at": {"$gt": soon - datetime.timedelta(seconds=6), "$lte": soon}})):
        Link(stack)
        explained = stack.db.command("explain", {"find": "designs", "filter": filter_, "hint": name,
                                                 "sort": {"link_changed_at" if "change" in name else "share_settings.expires_at": 1, "_id": 1},
                                                 "limit": 200}, verbosity="executionStats")
        plan = str(explained["queryPlanner"]["winningPlan"])
        stats = explained["executionStats"]
        ok("IXSCAN" in plan and "SORT'" not in plan and "COLLSCAN" not in plan, name + ": by the index, in its order", plan)
        ok(stats["totalKeysExamined"] <= stats["nReturned"] + 2, name + ": no key too many", stats["totalKeysExamined"])
    stack.db.designs.update_many({}, [{"$set": {"link_changed_at": {"$subtract": ["$$NOW", 3600000]}}}])
    explained = stack.db.command("explain", {"find": "designs", "filter": {
        "share_settings.share_token": {"$gt": ""}, "$expr": {"$gte": ["$link_changed_at", {"$subtract": ["$$NOW", 60000]}]}},
        "hint": "by_share_change", "limit": 200}, verbosity="executionStats")
    ok(explained["executionStats"]["totalKeysExamined"] <= 1, "nothing new, nothing looked at", explained["executionStats"])


@test
def no_database():
    mongod = Mongod().start()
    alone = faulty_stack(mongod, share_gate_s=str(GATE_S)).start()
    link, other = Link(alone, title="Kept"), Link(alone)
    link.warm()
    link.warm(path=link.json)
    wait_for(lambda: not os.path.exists(other.gate()), GATE_S + 10, "the other's gate")
    client = alone.client(allowed=(503,))
    mongod.kill()
    is_([client.get(path).status for path in (link.page, link.json)], [200, 200], "all mongods are down: what is kept is served")
    is_({viewed(client, link.page) for _ in range(100)}, {"Kept"}, "again and again")
    is_(client.get(other.page).status, 503, "what is not kept is not there now")
    mongod.start()
    began = time.monotonic()
    wait_for(lambda: client.get(other.page).status == 200, 10, "the database")
    took = time.monotonic() - began
    ok(took < 5 * SLOWER, "back within 5 s of its return", "%.1f s" % took)
    is_(link.put(title="New").status, 200, "and changes go on")
    is_(viewed(client, link.page), "New", "shown at once")
    alone.close()


@test
def keys_that_are_retired():
    """The last one: links of the key before are dead, whatever was kept of them."""
    link = Link(stack)
    link.warm()
    image = stack.client().get(link.json).json()["image_url"]
    image = image[image.index("/s/"):]
    is_([stack.client().get(image).status for _ in range(2)], [200, 200], "its picture is kept as well")
    for _ in range(3):
        ended = subprocess.run([os.path.join(stack.state, "app", "bin", "bezel"), "--config", os.path.join(stack.state, "etc", "bezel.conf"),
                                "keys", "rotate-shares"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=60 * SLOWER)
        is_(ended.returncode, 0, "a step of a rotation")
    before = set(stack.workers)
    stack.kill(stack.pid("bezel"), 1)
    wait_for(lambda: not before & set(stack.workers), 30, "the old workers to leave")
    wait_for(lambda: [stack.client().get(path).status for path in (link.page, link.json, image)] == [404] * 3, POLL_S + 2, "the end of its links")
    time.sleep(GATE_S + 2)
    is_([stack.client().get(path).status for path in (link.page, link.json, image)], [404] * 3, "for good")
    fresh = Link(stack)
    fresh.warm()
    time.sleep(2 * GATE_S)
    is_(stack.client().get(fresh.page).header("X-Cache"), "HIT", "then answers are kept again")


stack = Stack(settings={"provider": "mem", "share_gate_s": str(GATE_S), "share_daily": "1000", "web_workers": "4", "sweep_interval_s": "2"}).start()
held_stack = Stack(settings={"provider": "mem", "share_gate_s": str(GATE_S), "web_workers": "4"})
real = os.path.join(held_stack.folder, "quick.sock")
os.chmod(held_stack.folder, 0o777)
held_stack.settings["listen"] = real
proxy = Proxy(os.path.join(held_stack.state, "run", "fcgi.sock"), real)
held_stack.start()
main()
