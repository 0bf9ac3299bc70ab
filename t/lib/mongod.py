"""mongod.py - a database for a test program in C, and its points as ours.

    mongod.run("t/tools/boundary")

The program is a libcheck one. It gets BEZEL_TEST_MONGODB_URI and BEZEL_TEST_DATABASE, a database that is its own
and empty. The server is the one of the whole run ($BEZEL_TEST_MONGOD, see stack.py), else a private one: a
replica set of one on a unix socket, without users, gone at the end.
"""
import atexit
import os
import secrets
import shutil
import subprocess
import tempfile
import time
import urllib.parse

import stack
import tap


class Private:
    """A mongod of our own."""

    def __init__(self):
        found = stack.script("fetch-mongod")
        if found.returncode != 0:
            tap.skip_all("no mongod: " + found.stderr.strip())
        self.folder = tempfile.mkdtemp(prefix="bezel-m-", dir=stack.TMP)
        self.socket = os.path.join(self.folder, "mongodb-27017.sock")
        self.log = open(os.path.join(self.folder, "log"), "wb")
        self.process = subprocess.Popen(
            [found.stdout.strip(), "--dbpath", self.folder, "--replSet", "t", "--port", "27017", "--bind_ip",
             self.socket, "--unixSocketPrefix", self.folder, "--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "64",
             "--setParameter", "diagnosticDataCollectionEnabled=false",
             "--setParameter", "ttlMonitorEnabled=false"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        atexit.register(self.close)  # an exception must not leave it behind
        self.uri = "mongodb://%s/?directConnection=true" % urllib.parse.quote(self.socket, safe="")
        self.client = stack.pymongo.MongoClient(self.uri, serverSelectionTimeoutMS=20000 * stack.SLOWER)
        self.client.admin.command("replSetInitiate", {"_id": "t", "members": [{"_id": 0, "host": self.socket}]})
        stack.wait_for(lambda: self.client.admin.command("hello")["isWritablePrimary"], 30, "the election")

    def close(self):
        if hasattr(self, "client"):
            self.client.close()
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Shared:
    """A database of our own in the mongod of the whole run."""

    def __init__(self, state):
        self.name = "c%d" % os.getpid()
        self.client = stack.mongo_client(state)
        password = secrets.token_hex(16)
        self.client.admin.command("createUser", self.name, pwd=password, roles=[{"role": "dbOwner", "db": self.name}])
        atexit.register(self.close)
        self.uri = "mongodb://%s:%s@%s/?authSource=admin&directConnection=true" % (
            self.name, password, urllib.parse.quote(stack.mongod_socket(state), safe=""))

    def close(self):
        self.client.admin.command("dropUser", self.name)
        self.client.close()


def run(*programs, seconds=240):
    """Runs them, shows their points and what they say, and ends."""
    if not any(os.path.exists(os.path.join(stack.BUILDDIR, program)) for program in programs):
        tap.skip_all("not built: libcheck was missing when configure ran")
    shared = os.environ.get("BEZEL_TEST_MONGOD")
    server = Shared(shared) if shared else Private()
    database = getattr(server, "name", "t%d" % os.getpid())
    tap.at_end(lambda: server.client.drop_database(database))
    for program in programs:
        server.client.drop_database(database)
        run_one(program, server.uri, database, seconds * stack.SLOWER)
    tap.done()


def run_one(program, uri, database, seconds):
    folder = tempfile.mkdtemp(prefix="bezel-c-", dir=stack.TMP)
    log = os.path.join(folder, "tap")
    began = time.monotonic()
    try:
        ended = subprocess.run(
            [os.path.join(stack.BUILDDIR, program)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False, errors="replace", timeout=seconds,
            env={**os.environ, "BEZEL_TEST_MONGODB_URI": uri, "BEZEL_TEST_DATABASE": database,
                 "CK_TAP_LOG_FILE_NAME": log, "CK_TIMEOUT_MULTIPLIER": "%g" % stack.SLOWER})
        tap.diag(ended.stdout)
        with open(log, encoding="utf-8", errors="replace") as file:
            points = [line.rstrip("\n") for line in file if line.startswith(("ok ", "not ok "))]
        for line in points:
            tap.ok(line.startswith("ok "), line.split(" - ", 1)[1])
        tap.ok(points and (ended.returncode == 0 or any(line.startswith("not ok ") for line in points)),
               program + " ended well", ended.returncode)
    except subprocess.TimeoutExpired:
        tap.ok(False, program + " ended in time")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    tap.diag("%s: %.1f s" % (program, time.monotonic() - began))
