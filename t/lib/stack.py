"""stack.py - a whole bezel for a test: mongod, nginx and "bezel serve" on a free port, in a folder of its own.

    stack = Stack(settings={"provider": "mem"}).start()
    client = stack.client()

    @tap.test
    def guests_can_start():
        reply = client.post("/v1/guest-session", json={})
        tap.is_(reply.status, 201, "a guest session")
        tap.ok(stack.db.guest_sessions.find_one(), "is stored")

    tap.main()

tap.main() ends the Stack; "with Stack() as stack:" ends it sooner.

It is started by scripts/run and ended by scripts/stop, so that those are tested along. One mongod serves a whole
run of the suite: $BEZEL_TEST_MONGOD names its state folder (scripts/test starts it); each Stack takes a database
of its own there, with a user who may use that database alone. Without it, or with own_mongod, the Stack starts
its own, which takes two seconds.

What it leaves is removed at the end, unless $BEZEL_TEST_KEEP is set. A report of a sanitizer in bezel's log is a
failed point.
"""
import http.client
import itertools
import json as json_module
import os
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

import openapi
import tap

try:
    import pymongo
except ImportError:
    tap.skip_all("python3-pymongo is missing")

SRCDIR = os.environ.get("BEZEL_SRCDIR") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILDDIR = os.environ.get("BEZEL_BUILDDIR") or os.path.join(SRCDIR, "build")
SLOWER = float(os.environ.get("BEZEL_TEST_SLOWER", "1"))
# Not $TMPDIR: the services' user must be able to enter, and sockets lie there, so it is short.
TMP = os.environ.get("BEZEL_TEST_TMP", "/tmp")
STUB = os.path.join(SRCDIR, "t", "lib", "stub-bezel")
# Of a mongod for tests. Each process that connects hashes its password so often, 15000 times where nothing is said: with a
# sanitizer that is more than all else that most of them do. Ours are drawn by lot, and need none of it.
MONGOD_ARGUMENTS = ["--mongod-arg", "--setParameter", "--mongod-arg", "scramSHA256IterationCount=5000"]

_numbers = itertools.count(1)


def free_port():
    """Not of those that the kernel gives to whoever connects: one of them may take it before we listen, or while what
    listens there is started again."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        low, high = map(int, file.read().split())
    first, last = (10000, low - 1) if low > 15000 else (high + 1, 65535) if high < 60000 else (0, 0)
    while True:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", random.randint(first, last)))
                return probe.getsockname()[1]
            except OSError:
                continue


def wait_for(test, seconds=10, what="the condition"):
    """Calls test until it returns something true, and returns that."""
    deadline = time.monotonic() + seconds * SLOWER
    while True:
        got = test()
        if got:
            return got
        if time.monotonic() > deadline:
            raise TimeoutError("waited %g s for %s" % (seconds * SLOWER, what))
        time.sleep(0.02)


def _is_stopped(pid):
    try:
        for thread in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/stat" % (pid, thread), encoding="latin-1") as file:
                if file.read().rpartition(")")[2].split()[0] not in "TtZ":
                    return False
    except FileNotFoundError:
        return not os.path.exists("/proc/%d" % pid)
    return True


def send_signal(pid, number):
    """One that has gone is no fault. A process of many threads goes on until the one that was given SIGSTOP gets a
    processor, which takes its time on a machine with much to do: waited for."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
    if number == signal.SIGSTOP:
        wait_for(lambda: _is_stopped(pid), 30, "process %d to stop" % pid)


def clear_of_border(period_s, needs_s):
    """Limits count in windows of the clock, days are those of UTC: sleeps over a border that would come within so many
    seconds. For what must happen within one window."""
    left = period_s - time.time() % period_s
    if left < needs_s * SLOWER:
        time.sleep(left + 0.1)


def script(name, *args, **keywords):
    """Runs one of scripts/; returns the ended process with its output as text."""
    keywords.setdefault("timeout", 120 * SLOWER)
    return subprocess.run([os.path.join(SRCDIR, "scripts", name), *args], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **keywords)


def read_secret(state, name):
    with open(os.path.join(state, "secrets", name), encoding="ascii") as file:
        return file.read().strip()


def sockets_of(state):
    """The folder of a stack's sockets."""
    with open(os.path.join(state, "pids", "sockets"), encoding="ascii") as file:
        return file.read().strip()


def mongod_socket(state):
    """Where scripts/run put it: a deep state folder is reached through a short link."""
    return os.path.join(sockets_of(state), "mongodb-27017.sock")


def mongo_client(state, user="admin"):
    """A client of the mongod of a state folder, as one of its users."""
    return pymongo.MongoClient("mongodb://%s:%s@%s/?directConnection=true&authSource=admin" % (
        user, read_secret(state, user + ".password"), urllib.parse.quote(mongod_socket(state), safe="")),
        serverSelectionTimeoutMS=5000)


def app_role(database):
    """The role of bezel's user, as scripts/mongod-setup.py makes it."""
    with open(os.path.join(SRCDIR, "etc", "mongodb-role.json"), encoding="ascii") as file:
        role = json_module.load(file)
    for privilege in role["privileges"]:
        privilege["resource"]["db"] = database
    return role


class Reply:
    """What came back: status, headers (any case), body."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def header(self, name, default=None):
        return self.headers.get(name, default)

    def header_all(self, name):
        return self.headers.get_all(name, [])

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json_module.loads(self.body)

    def __repr__(self):
        return "<%d %s %.300r>" % (self.status, self.header("Content-Type"), self.body)


class Client:
    """A browser's habits over http.client: cookies are kept, unsafe methods carry Origin."""

    def __init__(self, port, origin, headers=None, watcher=None, allowed=(), address=None):
        self.port = port
        self.origin = origin
        self.cookies = {}
        self.address = address  # of loopback, to come from
        self.headers = dict(headers or {})
        self.watcher = watcher  # sees each exchange: openapi.py
        self.allowed = set(allowed)  # statuses from 500 on that the test expects

    def request(self, method, path, json=None, body=None, headers=None, origin=True, timeout=30):
        """One request on a connection of its own. A header with the value None is left out."""
        sent = dict(self.headers)
        if origin and method not in ("GET", "HEAD", "OPTIONS"):
            sent["Origin"] = self.origin if origin is True else origin
        if self.cookies:
            sent["Cookie"] = "; ".join("%s=%s" % pair for pair in self.cookies.items())
        if json is not None:
            body = json_module.dumps(json).encode()
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout * SLOWER,
                                                source_address=self.address and (self.address, 0))
        try:
            connection.request(method, path, body, {k: v for k, v in sent.items() if v is not None})
            answer = connection.getresponse()
            reply = Reply(answer.status, answer.headers, answer.read())
        finally:
            connection.close()
        if self.watcher is not None:
            self.watcher.watch(method, path, json, reply, self.allowed, self.origin)
        self._keep_cookies(reply)
        return reply

    def _keep_cookies(self, reply):
        for line in reply.header_all("Set-Cookie"):
            pair, *attributes = [part.strip() for part in line.split(";")]
            name, _, value = pair.partition("=")
            if value == "" or "max-age=0" in [a.lower() for a in attributes]:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value

    def get(self, path, **keywords):
        return self.request("GET", path, **keywords)

    def head(self, path, **keywords):
        return self.request("HEAD", path, **keywords)

    def post(self, path, **keywords):
        return self.request("POST", path, **keywords)

    def put(self, path, **keywords):
        return self.request("PUT", path, **keywords)

    def patch(self, path, **keywords):
        return self.request("PATCH", path, **keywords)

    def delete(self, path, **keywords):
        return self.request("DELETE", path, **keywords)

    def upload(self, path, data, name="file", filename="stone.png", kind="image/png", **keywords):
        """A multipart POST of one file."""
        mark = secrets.token_hex(12)
        body = (b"--%s\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"%s\"\r\nContent-Type: %s\r\n\r\n" % (
            mark.encode(), name.encode(), filename.encode(), kind.encode())) + data + b"\r\n--%s--\r\n" % mark.encode()
        headers = {"Content-Type": "multipart/form-data; boundary=" + mark, **keywords.pop("headers", {})}
        return self.request("POST", path, body=body, headers=headers, **keywords)

    def raw(self, data, timeout=10):
        """Sends these very bytes; returns all that comes until the end, or the first reply's worth."""
        received = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout * SLOWER) as connection:
            connection.sendall(data)
            try:
                while True:
                    piece = connection.recv(65536)
                    if not piece:
                        break
                    received += piece
                    head, found, rest = received.partition(b"\r\n\r\n")
                    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
                    if found and length and len(rest) >= int(length.group(1)):
                        break
            except (socket.timeout, ConnectionResetError):
                pass
        return received


def write_secret(path, text, mode=0o600):
    """As bezel wants it: nobody else reads it. Returns path."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text + "\n")
    os.chmod(path, mode)
    if os.getuid() == 0:
        shutil.chown(path, "bezel", "bezel")
    return path


class Stack:
    """One bezel with all it needs. See the head of this file."""

    def __init__(self, program=None, settings=None, options=(), own_mongod=False, flood="off", port=None, state=None):
        self.program = program or os.path.join(BUILDDIR, "bezel")
        self.settings = dict(settings or {})
        if "share_gate_s" in self.settings:
            self.settings.setdefault("share_gate_short", "yes")  # nothing is on its way for long here
        self.options = list(options)
        self.flood = flood
        self.port = port or free_port()
        self.name = "t%d_%d" % (os.getpid(), next(_numbers))
        self.folder = tempfile.mkdtemp(prefix="bezel-t-", dir=TMP)
        os.chmod(self.folder, 0o755)
        self.state = state or os.path.join(self.folder, "state")
        self.shared = None if own_mongod else os.environ.get("BEZEL_TEST_MONGOD")
        self.database = self.name if self.shared else self.settings.get("mongodb_database", "bezel")
        self._mongo = None
        self._started = False
        self._closed = False
        tap.at_failure(self.show_logs)
        tap.at_end(self.close)

    # --- starting and ending
    def __enter__(self):
        return self.start()

    def __exit__(self, *_what):
        self.close()

    def _share_mongod(self):
        """A database in the shared mongod and a user for it, with the rights scripts/run gives."""
        if self._mongo is None:
            self._mongo = mongo_client(self.shared)
            role = app_role(self.database)
            self._mongo.admin.command("createRole", self.name, privileges=role["privileges"], roles=role["roles"])
            password = secrets.token_hex(16)
            self._mongo.admin.command("createUser", self.name, pwd=password, roles=[self.name])
            uri = "mongodb://%s:%s@%s/?authSource=admin&directConnection=true" % (
                self.name, password, urllib.parse.quote(mongod_socket(self.shared), safe=""))
            descriptor = os.open(os.path.join(self.folder, "uri"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(uri)
        self.settings["mongodb_database"] = self.database
        return ["--mongodb-uri", "@" + os.path.join(self.folder, "uri")]

    def run_arguments(self):
        arguments = ["--no-build", "--program", self.program, "--state", self.state, "--port", str(self.port),
                     "--flood", self.flood, *self.options]
        if self.shared:
            arguments += self._share_mongod()
        else:
            arguments += MONGOD_ARGUMENTS
        for name, value in self.settings.items():
            arguments += ["--set", "%s=%s" % (name, value)]
        return arguments

    def start(self):
        """Starts all, as somebody would by hand, and waits until it is ready."""
        for attempt in range(3):
            ended = script("run", *self.run_arguments(), "--detach")
            if ended.returncode == 0:
                self._started = True
                return self
            # Somebody took the port between our look and nginx's, who says so in other words than scripts/run.
            if "in use" not in ended.stderr or attempt == 2:
                break
            self.port = free_port()
        self.close()
        raise RuntimeError("scripts/run failed (%d):\n%s" % (ended.returncode, ended.stderr))

    def stop(self):
        """Ends all; data stay, start() goes on with them."""
        if self._mongo is not None and not self.shared:
            self._mongo.close()  # after the server it would wait for it
            self._mongo = None
        if self._started:
            self._started = False
            ended = script("stop", "--state", self.state)
            if ended.returncode != 0:
                raise RuntimeError("scripts/stop failed: " + ended.stderr)

    def restart(self):
        self.stop()
        return self.start()

    def close(self):
        """Ends all and removes what it made; says what a sanitizer reported."""
        if self._closed:
            return
        self._closed = True
        try:
            self.stop()
        finally:
            self._check_sanitizers()
            if self._mongo is not None:
                self._mongo.drop_database(self.database)
                self._mongo.admin.command("dropUser", self.name)
                self._mongo.admin.command("dropRole", self.name)
                self._mongo.close()
                self._mongo = None
            if not os.environ.get("BEZEL_TEST_KEEP"):
                shutil.rmtree(self.folder, ignore_errors=True)

    def _check_sanitizers(self):
        found = [line for line in self.log("bezel").splitlines()
                 if re.search(r"ERROR: \w+Sanitizer|: runtime error: ", line)]
        if found:
            tap.ok(False, "no sanitizer has anything to say", "\n".join(found[:10]))
            self.show_logs()

    # --- looking at it
    @property
    def base_url(self):
        return self.settings.get("base_url", "http://127.0.0.1:%d" % self.port)

    def client(self, **keywords):
        if self.program != STUB:
            keywords.setdefault("watcher", openapi.watcher(SRCDIR, BUILDDIR))
        return Client(self.port, self.base_url, **keywords)

    @property
    def mongo(self):
        """A pymongo client with every right."""
        if self._mongo is None:
            self._mongo = mongo_client(self.state)
        return self._mongo

    @property
    def db(self):
        return self.mongo[self.database]

    def log(self, name):
        try:
            with open(os.path.join(self.state, "logs", name + ".log"), encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def events(self, event=None):
        """bezel's log as objects, or those of one event."""
        found = []
        for line in self.log("bezel").splitlines():
            try:
                entry = json_module.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict) and event in (None, entry.get("event")):
                found.append(entry)
        return found

    def show_logs(self, lines=15):
        for name in ("run", "bezel", "nginx/error"):
            text = self.log(name)
            if text:
                tap.diag("--- %s.log" % name)
                tap.diag("\n".join(line[:400] for line in text.splitlines()[-lines:]))

    # --- processes
    def pid(self, name):
        """Of run, mongod, bezel (the supervisor) or nginx (the master)."""
        with open(os.path.join(self.state, "pids", name + ".pid"), encoding="ascii") as file:
            return int(file.read().split()[0])

    def children(self, pid):
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
            return [int(word) for word in file.read().split()]

    @property
    def workers(self):
        """Process ids of the supervisor's children."""
        return self.children(self.pid("bezel"))

    def kill(self, pid, number=signal.SIGKILL):
        """Only a process of this Stack, looked at again right before. One that has gone by itself is no fault."""
        ours = {self.pid(name) for name in ("run", "bezel", "nginx")}
        if not self.shared:
            ours.add(self.pid("mongod"))
        for parent in list(ours):
            ours.update(self.children(parent))
        if pid not in ours:
            if not os.path.exists("/proc/%d" % pid):
                return
            raise ValueError("%d is no process of this stack" % pid)
        send_signal(pid, number)

    # --- its secrets
    def secret(self, name, text, mode=0o600):
        """A file that the services' user owns; its path."""
        return write_secret(os.path.join(self.folder, name), text, mode)

    # --- bezel's other commands
    def bezel_command(self, *words):
        """How to run the program with this configuration, as the services' user."""
        command = [os.path.join(self.state, "app", "bin", "bezel"), "--config",
                   os.path.join(self.state, "etc", "bezel.conf"), *words]
        if os.getuid() == 0:
            command = ["setpriv", "--reuid", "bezel", "--regid", "bezel", "--clear-groups", "--no-new-privs", "--",
                       *command]
        return command

    def bezel(self, *words, **keywords):
        """Runs the program so; returns the ended process."""
        keywords.setdefault("timeout", 120 * SLOWER)
        return subprocess.run(self.bezel_command(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, check=False, **keywords)
