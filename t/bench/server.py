"""server.py - the bezel that is measured: its state folder, its configuration, its data, its processes.

A state folder belongs to the benchmark when its bench.json says so; no other one is touched. A load that was cut off,
or is of another size, or whose sessions end soon, is done anew.
"""
import datetime
import fcntl
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

import bson
import pymongo
from bson.raw_bson import RawBSONDocument

import documents
import principals
import stack as stacks

FORMAT = 4
TICKS = os.sysconf("SC_CLK_TCK")
MONGOD_CACHE_GB = 1
NGINX_WORKERS = 1


class Failure(Exception):
    pass


def say(text):
    print("bench: " + text, file=sys.stderr, flush=True)


def now():
    """UTC in whole milliseconds, as BSON has it."""
    moment = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


# --- processes ------------------------------------------------------------------
def tree(pid):
    """A process and all below it."""
    below = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            fields = stat_of(int(name))
            if fields:
                below.setdefault(int(fields[1]), []).append(int(name))
    found, left = [], [pid]
    while left:
        each = left.pop()
        found.append(each)
        left += below.get(each, [])
    return found


def stat_of(pid):
    """The fields of /proc/PID/stat from the state on; None when it is gone."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()
    except OSError:
        return None


def cpu_seconds(pid, with_ended=False):
    """Of a process and all below it, and with those that have ended and were waited for."""
    fields = [stat_of(each) for each in tree(pid)]
    return sum(int(f[i]) for f in fields if f for i in ((11, 12, 13, 14) if with_ended else (11, 12))) / TICKS


def name_of(pid):
    with open("/proc/%d/comm" % pid, encoding="utf-8", errors="replace") as file:
        return file.read().strip()


def pss_mib(pids):
    """Proportional set size; None when we may not look."""
    total = 0
    for pid in pids:
        try:
            with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as file:
                total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        except OSError:
            return None
    return total / 1024


# --- the server -----------------------------------------------------------------
class Server:
    def __init__(self, arguments):
        self.arguments = arguments
        self.kind = principals.KINDS["members" if arguments.members else "guests"]
        self.temporary = arguments.state is None
        self.state = os.path.realpath(arguments.state or tempfile.mkdtemp(prefix="bezel-bench-", dir="/tmp"))
        if self.temporary:
            os.chmod(self.state, 0o755)
        self.port = arguments.port or stacks.free_port()
        self.stack = None
        self.note = None
        self.keys = None
        self.asked = 0  # times that we looked at /metrics since the start
        self.waiting = []  # documents on their way into the database

    # --- the folder
    def path(self, *names):
        return os.path.join(self.state, "bench", *names)

    def open_folder(self):
        """Whether the load that is asked for is there."""
        mark = self.path("bench.json")
        if os.path.exists(mark):
            with open(mark, encoding="utf-8") as file:
                self.note = json.load(file)
        elif os.path.isdir(self.state) and os.listdir(self.state):
            raise Failure("%s is not empty, and no folder of this benchmark: it is left alone" % self.state)
        self.refuse_running()
        if self.note and self.note["format"] == FORMAT and \
                self.note["kind"] == self.kind.name and self.note["designs"] == self.arguments.designs and \
                self.note["loaded_at"] and time.time() < self.note["ends_s"] - 86400:
            return True
        if self.note:
            say("the data in %s are of another kind or too old: all is made anew" % self.state)
            shutil.rmtree(self.state)
        os.makedirs(self.path(), exist_ok=True)
        self.write_note(designs=self.arguments.designs, loaded_at=None)
        return False

    def refuse_running(self):
        lock = os.path.join(self.state, "pids", "lock")
        if os.path.exists(lock):
            with open(lock, "rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise Failure("a bezel runs on %s: end it first (scripts/stop)" % self.state) from None

    def write_note(self, **values):
        self.note = {"format": FORMAT, "kind": self.kind.name, **values}
        with open(self.path("bench.json.new"), "w", encoding="utf-8") as file:
            json.dump(self.note, file)
        os.replace(self.path("bench.json.new"), self.path("bench.json"))

    # --- starting and ending
    def settings(self, making):
        chosen = {"web_workers": self.arguments.workers, "job_workers": 2 if making else 0, "provider": "render", **self.kind.settings}
        if making:
            chosen["render_profile"] = "draft" if self.arguments.no_render else "final"
        return chosen

    def start(self, making=False):
        """making: with job workers, to make pictures; else as it is measured."""
        self.stack = stacks.Stack(
            program=os.path.abspath(self.arguments.program), settings=self.settings(making), state=self.state,
            own_mongod=True, flood="off", port=self.port,
            options=["--mongod-cache", str(MONGOD_CACHE_GB), "--nginx-workers", str(NGINX_WORKERS)])
        self.stack.start()
        self.asked = 0
        self.port = self.stack.port
        self.keys = documents.Keys(stacks.read_secret(self.state, "master.key"))

    def stop(self):
        if self.stack:
            self.stack.close()
            self.stack = None

    def close(self):
        self.stop()
        if self.temporary:
            shutil.rmtree(self.state, ignore_errors=True)

    # --- looking at it
    @property
    def db(self):
        return self.stack.db

    @property
    def base_url(self):
        return "http://127.0.0.1:%d" % self.port

    @property
    def cookie(self):
        return "bezel" if self.port == 8080 else "bezel_%d" % self.port

    def client(self, token=None):
        client = self.stack.client(watcher=None)
        if token:
            client.cookies[self.cookie] = token
        return client

    def cpu(self):
        """CPU seconds so far of bezel, nginx and mongod."""
        return {name: cpu_seconds(self.stack.pid(name)) for name in ("bezel", "nginx", "mongod")}

    def memory(self):
        """PSS in MiB: the supervisor with its web workers, all of bezel, nginx, mongod."""
        bezel = tree(self.stack.pid("bezel"))
        web = [pid for pid in bezel if pid == bezel[0] or name_of(pid) == "bezel-web"]
        return {"supervisor and web workers": pss_mib(web), "all of bezel": pss_mib(bezel),
                "nginx": pss_mib(tree(self.stack.pid("nginx"))), "mongod": pss_mib(tree(self.stack.pid("mongod")))}

    def served(self):
        """Requests that bezel has answered, without those of this function itself."""
        text = self.client().get("/metrics").text
        self.asked += 1
        for line in text.splitlines():
            if line.startswith("bezel_http_requests_total "):
                return int(line.split()[1]) - self.asked
        raise Failure("/metrics does not count requests")

    def drain(self, seconds=15):
        """Waits until no request is on its way: wrk leaves without waiting for its last answers. Returns served()."""
        last, quiet = self.served(), 0
        for _ in range(int(seconds / 0.05)):
            time.sleep(0.05)
            count = self.served()
            quiet = quiet + 1 if count == last else 0
            last = count
            if quiet == 4:
                return count
        raise Failure("requests are still answered %d s after the last was sent" % seconds)

    def settle(self, others=(), seconds=5):
        """Waits until the databases have nothing left to do."""
        pids = [self.stack.pid("mongod"), *others]
        for _ in range(int(seconds / 0.25)):
            before = sum(map(cpu_seconds, pids))
            time.sleep(0.25)
            if sum(map(cpu_seconds, pids)) - before <= 0.02:
                break

    # --- loading
    def load(self, model, pictures):
        """Fills the database. model: a design and a session that bezel has made; pictures: bytes of four pictures and
        of their thumbnails."""
        began = time.monotonic()
        loaded_at = now() - datetime.timedelta(seconds=1)
        maker = documents.Maker(self.keys, loaded_at, self.kind)
        count = self.arguments.designs
        self.check_shapes(maker, model)
        self.clear()
        size, lines, tokens, owners = 0, [], [], 0
        made, gallery, _, designs = maker.owner(
            documents.GALLERY, [list(map(documents.sha256, pair)) for pair in pictures], trash=False)
        waiting = {name: [made[name]] for name in self.kind.collections}
        self.store_pictures(designs, pictures)
        size += self.insert(designs)
        left = count
        while left > 0 or len(tokens) < documents.OWNERS_LEAST:
            made, token, identifier, designs = maker.owner(min(left, documents.DESIGNS_EACH))
            left -= len(designs)
            owners += bool(designs)
            lines += ["%s %s %s %s\n" % (token, identifier, design["_id"], design["share_settings"]["share_token"] or "-")
                      for design in designs if not design["is_deleted"]]
            tokens.append(token)
            for name in self.kind.collections:
                waiting[name].append(made[name])
            size += self.insert(designs)
        self.insert([], last=True)
        for name in self.kind.collections:
            self.db[name].insert_many(waiting[name])
        self.remember_owners()
        random.Random(documents.SEED).shuffle(lines)
        self.write_private("ids.txt", "".join(lines[:20000]))
        self.write_private("tokens.txt", "".join(token + "\n" for token in tokens))
        self.write_private("gallery.txt", gallery + "\n")
        self.stack.mongo.admin.command("fsync")
        self.write_note(
            designs=count, owners=owners, sessions=len(tokens),
            loaded_at=loaded_at.isoformat(timespec="milliseconds"), mean_bytes=round(size / (count + documents.GALLERY)),
            ends_s=int(loaded_at.replace(tzinfo=datetime.timezone.utc).timestamp()) + principals.SESSION_S,
            thumbnail_bytes=round(sum(len(pair[1]) for pair in pictures) / len(pictures)))
        say("loaded %d designs of %d bytes in %.0f s" % (count, self.note["mean_bytes"], time.monotonic() - began))

    def check_shapes(self, maker, model):
        """What we write is what bezel writes, down to the cookie."""
        made, _, _, (design,) = maker.owner(1, trash=False)
        for name, mine in (("design", design), *made.items()):
            fault = documents.shape_fault(documents.shape(bson.decode(bson.encode(mine))), documents.shape(model[name]))
            if fault:
                raise Failure("t/bench makes another %s than bezel: %s" % (name, fault))
        fault = self.kind.token_fault(maker, model, model["token"])
        if fault:
            raise Failure("t/bench " + fault)
        maker.random.seed(documents.SEED)

    def clear(self):
        for name in ("designs", "jobs", "api_usage_log", "idempotency_keys", "rate_counters", "uploads",
                     *self.kind.collections):
            self.db[name].delete_many({})

    def insert(self, designs, last=False):
        """In batches; returns the bytes of these documents. The validators look at each."""
        encoded = [bson.encode(design) for design in designs]
        self.waiting += [RawBSONDocument(each) for each in encoded]
        if len(self.waiting) >= 1000 or last and self.waiting:
            self.db.designs.with_options(write_concern=pymongo.WriteConcern(1)).insert_many(self.waiting, ordered=False)
            self.waiting = []
        return sum(map(len, encoded))

    def store_pictures(self, designs, pictures):
        """Into the object store, as src/blob/fs.c lays it out."""
        root = os.path.join(self.state, "objects")
        owner = os.stat(root)
        for design in designs:
            shown = [(i["image_url"], i["thumbnail_url"]) for i in design["generated_images"]]
            shown += [(r["refined_image_url"], r["refined_thumbnail_url"]) for r in design["refinements"]]
            for keys, contents in zip(shown, pictures):
                for key, content in zip(keys, contents):
                    folder, name = key.split("/")
                    shard = os.path.join(root, folder[-2:])
                    for each in (shard, os.path.join(shard, folder)):
                        if not os.path.isdir(each):
                            os.mkdir(each)
                            os.chmod(each, 0o750)
                            os.chown(each, owner.st_uid, owner.st_gid)
                    place = os.path.join(shard, folder, name)
                    with open(place, "wb") as file:
                        file.write(content)
                    os.chmod(place, 0o640)
                    os.chown(place, owner.st_uid, owner.st_gid)

    def keep_pages(self, keep):
        """Whether nginx shows what it has kept of links: not those whose gate is closed (src/app/share-gate.h), and
        none is opened while share_gate_s lasts."""
        folder = os.path.join(self.state, "var", "gates")
        owner = os.stat(os.path.dirname(folder))
        if not os.path.isdir(folder):
            os.mkdir(folder, 0o700)
            os.chown(folder, owner.st_uid, owner.st_gid)
        for name in os.listdir(folder):
            os.unlink(os.path.join(folder, name))
        for line in () if keep else self.lines("ids.txt"):
            token = line.split()[3]
            if token != "-":
                gate = os.open(os.path.join(folder, token), os.O_WRONLY | os.O_CREAT, 0o600)
                os.fchown(gate, owner.st_uid, owner.st_gid)
                os.close(gate)

    def write_private(self, name, text):
        with open(os.open(self.path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
            file.write(text)

    def lines(self, name):
        with open(self.path(name), encoding="ascii") as file:
            return file.read().splitlines()

    def warm(self):
        """The documents and the two indexes of W1 and W2 into mongod's memory."""
        for hint, order in (("$natural", 1), ("_id_", 1), (self.kind.index, 1)):
            hint = {"$natural": order} if hint == "$natural" else hint
            list(self.db.designs.aggregate([{"$group": {"_id": None, "n": {"$sum": 1}}}], hint=hint))

    # --- rows that W3 makes
    @property
    def loaded_at(self):
        return datetime.datetime.fromisoformat(self.note["loaded_at"])

    def remember_owners(self):
        """A copy of them as they were loaded, out of bezel's sight."""
        for name in self.kind.collections:
            self.db[name].aggregate([{"$out": {"db": "bench", "coll": name}}])

    def clean(self):
        """Takes away what was created since the load; returns the number of designs."""
        young = {"created_at": {"$gt": self.loaded_at}}
        deleted = self.db.designs.delete_many(young).deleted_count
        self.db.jobs.delete_many({})
        self.db.api_usage_log.delete_many({})
        self.db.idempotency_keys.delete_many({})
        self.db.rate_counters.delete_many({})
        for name in self.kind.collections:
            self.db[name].delete_many(young)
            self.stack.mongo.bench[name].aggregate(
                [{"$merge": {"into": {"db": self.db.name, "coll": name}, "whenMatched": "replace"}}])
        return deleted

    def rows_left(self):
        """What W3 has left behind, by collection."""
        young = {"created_at": {"$gt": self.loaded_at}}
        left = {"designs": self.db.designs.count_documents(young)}
        for name in ("jobs", "idempotency_keys", "rate_counters"):
            left[name] = self.db[name].count_documents({})
        left["of owners"] = self.kind.left(self.db)
        return left

    def mongod_version(self):
        return self.stack.mongo.server_info()["version"]


def run_text(*command):
    """The first line that a program prints about itself."""
    try:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, check=False)
    except OSError:
        return "?"
    return next(itertools.chain(filter(None, (line.strip() for line in ended.stdout.splitlines())), ["?"]))
