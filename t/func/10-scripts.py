#!/usr/bin/python3
"""scripts/run, stop and their kind, with a stand-in for bezel."""
import glob
import os
import shutil
import signal
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import pymongo.errors
from stack import SRCDIR, STUB, Stack, mongo_client, read_secret, script, wait_for
from tap import about_no_bezel, contains, is_, main, ok, raises, skip, test

about_no_bezel()
SCRIPTS = sorted(os.path.basename(p) for p in glob.glob(os.path.join(SRCDIR, "scripts", "*"))
                 if os.access(p, os.X_OK) and os.path.isfile(p))


def new_stack(**keywords):
    return Stack(program=STUB, own_mongod=True, **keywords)


def gone(pid):
    return not os.path.exists("/proc/%d" % pid)


def processes_of(stack):
    """Whatever still names the state folder in its command line, but ourselves."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                line = file.read().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if stack.state in line and int(path.split("/")[2]) != os.getpid():
            found.append(line)
    return found


@test
def each_has_help():
    ok(len(SCRIPTS) >= 8, "the scripts are seen", SCRIPTS)
    for name in SCRIPTS:
        ended = script(name, "--help")
        ok(ended.returncode == 0 and name.split(".")[0] in ended.stdout, "%s --help" % name, ended)
        ok(script(name, "--nonsense").returncode not in (0, 1), "%s --nonsense is refused" % name)


@test
def shellcheck_has_nothing_to_say():
    if shutil.which("shellcheck") is None:
        skip("shellcheck", "it is not installed")
        return
    for path in [os.path.join("scripts", name) for name in SCRIPTS if not name.endswith(".py")] + ["scripts/lib.sh", ".ci/run"]:
        if not os.path.exists(os.path.join(SRCDIR, path)):
            continue
        ended = subprocess.run(["shellcheck", "-x", "-P", ".", path], cwd=SRCDIR, stdout=subprocess.PIPE, text=True, check=False)
        ok(ended.returncode == 0, path, ended.stdout)


@test
def wrong_arguments():
    for words, message in ((["--port", "0"], "port"), (["--port", "http"], "port"), (["--set", "nonsense"], "NAME=VALUE"),
                           (["--flood", "much"], "flood"), (["--port"], "wants a value"), (["--listen", "example"], "address")):
        ended = script("run", "--no-build", *words)
        ok(ended.returncode == 2 and message in ended.stderr, " ".join(words), ended.stderr)
    ended = script("run", "--no-build", "--program", "/nonexistent/bezel", "--state", "/tmp/bezel-t-never")
    ok(ended.returncode == 1 and "build it first" in ended.stderr, "a program that is not there", ended.stderr)
    is_(os.path.exists("/tmp/bezel-t-never"), False, "nothing is made then")
    ended = script("stop", "--state", "/tmp/bezel-t-never")
    ok(ended.returncode == 1 and "no state folder" in ended.stderr, "stop without a state folder", ended.stderr)


@test
def start_use_restart():
    stack = new_stack(settings={"log_level": "debug"}).start()
    client = stack.client()
    is_(client.get("/readyz").status, 200, "ready")
    again = script("run", *stack.run_arguments(), "--detach")
    ok(again.returncode == 0 and stack.base_url in again.stderr, "a second start says where it runs", again.stderr)
    is_(script("run", *stack.run_arguments()).returncode, 1, "in the foreground that is an error")

    pids = [stack.pid(name) for name in ("mongod", "bezel", "nginx")]
    if os.getuid() == 0:
        for name, pid in zip(("mongod", "bezel", "nginx"), pids):
            with open("/proc/%d/status" % pid, encoding="ascii") as file:
                status = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
            ok("0" not in status["Uid"].split() and status["CapEff"] == status["CapBnd"] == "0" * 16 and
               status["NoNewPrivs"] == "1" and status["Groups"].strip() == "",
               name + " has no privileges", status)
    is_([os.sched_getscheduler(pid) for pid in pids], [os.SCHED_BATCH] * 3, "services wait for their turn")
    folder = os.path.join(stack.state, "secrets")
    values = []
    for name in ("master.key", "mongod.key", "app.password", "admin.password", "backup.password", "mongodb.uri"):
        mode = os.stat(os.path.join(folder, name))
        is_(stat.S_IMODE(mode.st_mode), 0o400, name + " is readable by its owner alone")
        is_(mode.st_uid, os.stat("/proc/%d" % pids[0]).st_uid, name + " belongs to the services")
        values.append(read_secret(stack.state, name))
    is_(len(read_secret(stack.state, "master.key")), 64, "the master key has 64 characters")
    shown = "\n".join(processes_of(stack)) + stack.log("run") + stack.log("mongod") + stack.log("bezel")
    ok(not any(value in shown for value in values), "no secret in a command line or a log")
    for name in ("bezel.conf", "media-secret.conf", "share-keys.conf"):
        is_(stat.S_IMODE(os.stat(os.path.join(stack.state, "etc", name)).st_mode), 0o400, "etc/" + name)
    environments = b""
    for pid in pids:
        with open("/proc/%d/environ" % pid, "rb") as file:
            environments += file.read()
    ok(b"LS_COLORS" not in environments and b"SHELL=" not in environments, "services see little of our environment")
    with open(os.path.join(stack.state, "etc", "bezel.conf"), encoding="ascii") as file:
        contains(file.read(), "log_level = debug\n", "--set arrives")

    # the database
    with open("/proc/%d/net/tcp" % pids[0], encoding="ascii") as file:
        listening = {line.split()[9] for line in file.read().splitlines()[1:] if line.split()[3] == "0A"}
    sockets = set()
    for link in glob.glob("/proc/%d/fd/*" % pids[0]):
        try:
            sockets.add(os.readlink(link).strip("socket:[]"))
        except OSError:
            pass
    is_(listening & sockets, set(), "mongod listens on no port")
    app = mongo_client(stack.state, "app")
    app.bezel.folders.insert_one({"_id": 1})
    app.bezel.command("collMod", "folders", validator={})
    app.bezel.folders.create_index("a")
    with app.start_session() as session, session.start_transaction():
        app.bezel.folders.insert_one({"_id": 2}, session=session)
    is_(app.bezel.folders.count_documents({}), 2, "app reads and writes its database, in transactions too")
    failure = pymongo.errors.OperationFailure
    raises(failure, lambda: app.bezel.things.insert_one({}), "app may not write to a collection that the rows do not have")
    app.bezel.audit_log.insert_one({"_id": 1})
    raises(failure, lambda: app.bezel.audit_log.update_one({}, {"$set": {"a": 1}}), "nor change the audit log")
    raises(failure, lambda: app.bezel.audit_log.delete_many({}), "nor remove from it")
    raises(failure, lambda: app.other.things.insert_one({}), "app may not write elsewhere")
    raises(failure, lambda: app.admin.command("applyOps", [{"op": "n", "ns": "", "o": {}}]), "nor applyOps")
    raises(failure, lambda: list(app.local["oplog.rs"].find().limit(1)), "nor read the oplog")
    ok(list(mongo_client(stack.state, "backup").local["oplog.rs"].find().limit(1)), "backup reads the oplog")
    raises(failure, lambda: mongo_client(stack.state, "backup").bezel.things.insert_one({}), "backup does not write")
    anonymous = pymongo.MongoClient("mongodb://%s/?directConnection=true" % os.path.join(
        stack.state, "run", "mongodb-27017.sock").replace("/", "%2F"))
    raises(failure, lambda: anonymous.bezel.things.find_one(), "nobody without a password")
    raises(failure, lambda: anonymous.admin.command("createUser", "x", pwd="x", roles=[]), "the localhost exception is over")
    names = set(stack.mongo.admin.command("serverStatus")["network"]["compression"])
    is_(names & {"zlib"}, set(), "no zlib on the wire")
    is_(stack.mongo.admin.command("getParameter", 1, ttlMonitorEnabled=1)["ttlMonitorEnabled"], True, "the TTL monitor runs")

    stack.stop()
    ok(all(gone(pid) for pid in pids), "all ended")
    is_(processes_of(stack), [], "nothing is left")
    contains(script("stop", "--state", stack.state).stderr, "does not run", "stop twice is harmless")
    before = read_secret(stack.state, "master.key")
    with open(os.path.join(stack.state, "etc", "local.conf"), "w", encoding="ascii") as file:
        file.write("# mine\nlog_level = error\nweb_workers = 3\n")
    stack.settings = {"web_workers": "5"}
    stack.start()
    is_(read_secret(stack.state, "master.key"), before, "secrets stay")
    is_(stack.db.folders.count_documents({}), 2, "data stay")
    with open(os.path.join(stack.state, "etc", "bezel.conf"), encoding="ascii") as file:
        text = file.read()
    ok("log_level = error\n" in text and "web_workers = 5\n" in text and "web_workers = 3" not in text,
       "local.conf counts, --set counts more", text)
    stack.close()


@test
def two_side_by_side():
    with new_stack() as one, new_stack() as two:
        is_([one.client().get("/readyz").status, two.client().get("/readyz").status], [200, 200], "both are ready")
        third = new_stack(port=one.port)
        ended = script("run", *third.run_arguments(), "--detach")
        ok(ended.returncode == 1 and "port %d is in use" % one.port in ended.stderr, "a port in use", ended.stderr)
        is_(processes_of(third), [], "nothing of the third is left")
        third.close()
        one.stop()
        is_(two.client().get("/readyz").status, 200, "the other goes on")


@test
def one_dies():
    for name in ("bezel", "nginx", "mongod"):
        stack = new_stack().start()
        pids = [stack.pid(n) for n in ("run", "mongod", "bezel", "nginx")]
        workers = stack.children(pids[3])
        stack.kill(stack.pid(name))
        wait_for(lambda pids=pids: all(gone(pid) for pid in pids), 30, "the others to end")
        ok(workers and all(gone(pid) for pid in workers), "nginx's workers are gone too")
        contains(stack.log("run"), name + " has ended", "%s dies: the others end, with a message" % name)
        is_(script("stop", "--state", stack.state).returncode, 0, "stop is harmless then")
        stack.close()


@test
def run_itself_is_killed():
    stack = new_stack().start()
    stack.db.folders.insert_one({"_id": 1})
    pids = [stack.pid(name) for name in ("mongod", "bezel", "nginx")]
    stack.kill(stack.pid("run"))
    wait_for(lambda: all(gone(pid) for pid in pids), 30, "all to end")
    ok(True, "what it watched ends")
    stack.start()
    is_(stack.db.folders.count_documents({}), 1, "the next start goes on")
    stack.close()


@test
def a_pid_of_somebody_else():
    stack = new_stack().start()
    stack.stop()
    other = subprocess.Popen(["sleep", "300"])  # pylint: disable=consider-using-with
    try:
        with open("/proc/%d/stat" % other.pid, encoding="ascii") as file:
            began = file.read().rpartition(")")[2].split()[19]
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
        for name in ("run", "bezel", "nginx", "mongod"):
            with open(os.path.join(stack.state, "pids", name + ".pid"), "w", encoding="ascii") as file:
                file.write("%d %s %s\n" % (other.pid, began, boot))
        contains(script("stop", "--state", stack.state).stderr, "does not run", "another program under our pid is not ours")
        named = subprocess.Popen(["bash", "-c", "exec -a 'mongod nginx bezel run' sleep 300"])  # pylint: disable=consider-using-with
        for name in ("run", "bezel", "nginx", "mongod"):
            with open(os.path.join(stack.state, "pids", name + ".pid"), "w", encoding="ascii") as file:
                file.write("%d 1 %s\n" % (named.pid, boot))
        script("stop", "--state", stack.state)
        is_((other.poll(), named.poll()), (None, None), "neither is one that began at another time")
        stack.start()
        is_((other.poll(), named.poll()), (None, None), "nor does a start end them")
        named.kill()
        named.wait()
    finally:
        other.kill()
        other.wait()
    stack.close()


@test
def a_long_path():
    stack = new_stack()
    stack.state = os.path.join(stack.folder, "d" * 60, "e" * 60)
    stack.start()
    contains(stack.log("run"), "sockets are reached through /tmp/bezel-", "a deep folder is reached by a short link")
    is_(stack.client().get("/v1/x").status, 200, "and works")
    with open(os.path.join(stack.state, "pids", "sockets"), encoding="ascii") as file:
        link = os.path.dirname(file.read().strip())
    stack.stop()
    is_(os.path.exists(link), False, "the link is removed at the end")
    stack.close()


@test
def a_moved_state():
    stack = new_stack().start()
    stack.db.folders.insert_one({"_id": 1})
    stack.stop()
    moved = stack.state + "-moved"
    os.rename(stack.state, moved)
    stack.state = moved
    stack.start()
    is_(stack.db.folders.count_documents({}), 1, "a moved state folder keeps its data")
    stack.stop()
    os.unlink(os.path.join(stack.state, "secrets", "master.key"))
    raises(RuntimeError, stack.start, "a lost master key is not replaced by another")
    is_(os.path.exists(os.path.join(stack.state, "secrets", "master.key")), False, "it stays lost")
    stack.close()


@test
def ctrl_c():
    stack = new_stack()
    with subprocess.Popen([os.path.join(SRCDIR, "scripts", "run"), *stack.run_arguments()], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
                          preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as run:
        contains(run.stdout.readline(), stack.base_url, "in the foreground it says where it runs")
        pids = [stack.pid(name) for name in ("mongod", "bezel", "nginx")]
        began = time.monotonic()
        os.killpg(run.pid, signal.SIGINT)
        run.communicate(timeout=60)
        is_(run.returncode, 130, "Ctrl-C ends it")
        ok(time.monotonic() - began < 20, "soon")
    ok(all(gone(pid) for pid in pids), "with all it started")
    with open(os.path.join(stack.state, "logs", "mongod.log"), encoding="utf-8") as file:
        contains(file.read(), '"exitCode":0', "mongod ended in order")
    stack.close()


main()
