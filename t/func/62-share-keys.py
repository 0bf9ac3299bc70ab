#!/usr/bin/python3
"""The numbers of the keys of links, on each host and in the database: a host that has others is told, whatever came
first, and brought back by one command."""
import concurrent.futures
import os
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from members import member
from stack import SLOWER, Stack, wait_for
from studio import make, metric
from tap import contains, is_, main, ok, test


class Host:
    """What an operator does on a host of this installation, as root. The first one serves."""

    def __init__(self, name=None):
        self.master = os.path.join(stack.state, "secrets", "master.key")
        self.options = []
        if name is not None:
            folder = os.path.join(stack.folder, name)
            os.mkdir(folder)
            self.options = ["--master-key-file=" + shutil.copy(self.master, folder)]
            self.master = os.path.join(folder, "master.key")
        self.file = self.master + ".share"

    def bezel(self, *words):
        ended = subprocess.run([os.path.join(stack.state, "app", "bin", "bezel"), "--config", os.path.join(stack.state, "etc", "bezel.conf"),
                                *self.options, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               check=False, timeout=60 * SLOWER)
        return ended.returncode, ended.stdout

    def numbers(self):
        """Those of its file; without one, the first ones."""
        if not os.path.exists(self.file):
            return (1, 0)
        with open(self.file, encoding="ascii") as file:
            return tuple(int(word) for word in file.read().split())

    def put(self, *numbers):
        with open(self.file, "w", encoding="ascii") as file:
            file.write("%d %d\n" % numbers)


def recorded():
    row = stack.db.installation.find_one()
    return row and (row["share_key_signing"], row["share_key_other"])


def record(*numbers):
    stack.db.installation.update_one({}, {"$set": {"share_key_signing": numbers[0], "share_key_other": numbers[1]}})


def begin(*numbers, hosts=()):
    """All is well with these numbers."""
    record(*numbers)
    for host in hosts:
        host.put(*numbers)


def noted():
    return [e["detail"] for e in stack.db.audit_log.find({"kind": "share_keys_rotated"}).sort("_id", 1)]


def refuses(host, numbers, text, *words):
    """The command fails, says why, and changes neither file nor record."""
    before = (host.numbers(), recorded(), len(noted()))
    status, out = host.bezel(*words)
    is_(status, 1, "%s: refused" % " ".join(words))
    contains(out, text, "%s: what to do" % " ".join(words))
    contains(out, "%d and %d" % numbers, "%s: with the numbers" % " ".join(words))
    is_((host.numbers(), recorded(), len(noted())), before, "%s: nothing is changed" % " ".join(words))


@test
def as_it_begins():
    is_((recorded(), os.path.exists(first.file)), ((1, 0), False), "a new installation has recorded its numbers; there is no file yet")
    is_(list(stack.db.installation.find_one()), ["_id", "share_key_signing", "share_key_other", "updated_at"], "and nothing else")
    is_(first.bezel("keys", "shares"), (0, "share/v2/1  signs\nshare/v2/0  valid, the one before\n"), "nothing is said of it")
    is_(first.bezel("check"), (0, "provider: ok\nshare_keys: ok\n"), "check")
    is_([first.bezel("db", word) for word in ("check", "plan", "apply")],
        [(0, "0 collections differ from the rows\n")] * 2 + [(0, "0 collections changed\n")], "nor by db")
    is_((stack.events("share_keys.differ"), stack.client().get("/readyz").json()["failing"]), ([], []), "nor by the service")


@test
def a_rotation_of_two_hosts():
    """The second one is told until its file is there."""
    other = Host("other")
    for step, numbers in (("first", (1, 2)), ("second", (2, 1)), ("third", (2, 3))):
        before = recorded()
        status, out = first.bezel("keys", "rotate-shares")
        is_((status, first.numbers(), recorded()), (0, numbers, numbers), "the %s step: file and record" % step)
        contains(out, "bezel keys fetch-shares on the other hosts", "with what to do there")
        is_(noted()[-1], "share/v2/%d signs, share/v2/%d is valid" % numbers, "it is in the audit log")
        status, out = other.bezel("keys", "shares")
        is_((status, "behind" in out, "fetch-shares" in out, "share/v2/%d  signs" % before[0] in out), (1, True, True, True), "the other host is behind")
        status, out = other.bezel("db", "check")
        is_((status, "bezel keys fetch-shares" in out), (1, True), "db check says so")
        status, out = other.bezel("check")
        is_((status, "share_keys: This host is behind" in out), (1, True), "check too")
        status, out = other.bezel("db", "apply")
        is_((status, "bezel keys fetch-shares" in out, recorded()), (0, True, numbers), "db apply too, and takes nothing back")
        status, out = other.bezel("keys", "fetch-shares")
        is_((status, other.numbers()), (0, numbers), "one command brings it there")
        is_(other.bezel("keys", "shares")[0], 0, "all is well then")
        is_(other.bezel("keys", "fetch-shares")[0], 0, "and it may be run again")
    is_(len(noted()), 3, "fetching is no rotation")
    is_(os.stat(other.file).st_mode & 0o777, 0o644, "every worker's user may read the file")


@test
def a_host_that_has_forgotten():
    """Restored without its file, after a whole rotation: nothing there goes on with the old numbers."""
    begin(3, 2, hosts=[first])
    bare = Host("bare")
    refuses(bare, (3, 2), "bezel keys fetch-shares", "keys", "rotate-shares")
    refuses(bare, (1, 0), "bezel keys fetch-shares", "keys", "shares")
    is_(bare.bezel("db", "apply")[0], 0, "its collections are brought up to date")
    is_((recorded(), bare.bezel("keys", "fetch-shares")[0], bare.numbers()), ((3, 2), 0, (3, 2)), "and its file made")


@test
def a_step_that_was_broken_off():
    """Between the record and the file: the same command ends it, on whichever host, and takes no other step."""
    other = Host("second")
    begin(3, 2, hosts=[first, other])
    record(3, 4)
    steps = len(noted())
    for host in (first, other):
        status, out = host.bezel("keys", "rotate-shares")
        is_((status, host.numbers(), recorded()), (0, (3, 4), (3, 4)), "the step is ended")
        contains(out, "ended the step that was taken already", "and says that it was no other")
    is_(len(noted()), steps, "it was noted when it was taken")
    is_((first.bezel("keys", "rotate-shares")[0], recorded(), first.numbers()), (0, (4, 3), (4, 3)), "the next one is a step again")


@test
def a_file_that_cannot_be_written():
    """Shows before anything is recorded."""
    begin(4, 3, hosts=[first])
    steps = len(noted())
    os.mkdir(first.file + ".new")
    status, out = first.bezel("keys", "rotate-shares")
    is_((status, first.file in out, recorded(), first.numbers()), (1, True, (4, 3), (4, 3)), "nothing has changed")
    status, out = first.bezel("keys", "fetch-shares")
    is_((status, first.file in out), (1, True), "fetching says so too")
    os.rmdir(first.file + ".new")
    is_(len(noted()), steps, "and nothing is noted")
    is_((first.bezel("keys", "rotate-shares")[0], recorded()), (0, (4, 5)), "once it can be, it is")


@test
def what_cannot_be_noted():
    """A step and its entry are one."""
    begin(5, 4, hosts=[first])
    stack.db.command("collMod", "audit_log", validator={"never": 1}, validationLevel="strict")
    is_((first.bezel("keys", "rotate-shares")[0], recorded(), first.numbers()), (1, (5, 4), (5, 4)), "no entry, no step")
    is_(first.bezel("db", "apply")[0], 0, "the collection is mended")
    is_((first.bezel("keys", "rotate-shares")[0], recorded(), first.numbers()), (0, (5, 6), (5, 6)), "then there is one")


@test
def two_operators_at_once():
    """On two hosts: whatever comes of it, no record is lost, each step was noted, and each host can be brought there."""
    hosts = [first, Host("third")]
    for _ in range(5):
        begin(7, 6, hosts=hosts)
        before = len(noted())
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda host: host.bezel("keys", "rotate-shares"), hosts))
        steps = len(noted()) - before
        is_((steps in (1, 2), recorded()), (True, {1: (7, 8), 2: (8, 7)}.get(steps)), "as many steps as entries")
        for host in hosts:
            is_((host.bezel("keys", "fetch-shares")[0], host.numbers()), (0, recorded()), "a host is where the record is")


@test
def an_older_database():
    """Put back from a backup of before a rotation: it is brought up to the hosts, not they down to it."""
    begin(9, 8, hosts=[first])
    record(8, 7)
    refuses(first, (8, 7), "bezel db apply", "keys", "rotate-shares")
    refuses(first, (9, 8), "bezel db apply", "keys", "fetch-shares")
    is_(first.bezel("db", "check")[0], 1, "db check fails")
    is_((first.bezel("db", "apply"), recorded()), ((0, "0 collections changed\n"), (9, 8)), "db apply mends it")
    is_(first.bezel("db", "check")[0], 0, "then nothing differs")


@test
def an_upgrade():
    """From a version that recorded nothing, with hosts that are behind or not there."""
    begin(10, 9, hosts=[first])
    stack.db.installation.drop()
    is_(first.bezel("keys", "shares")[0], 0, "unrecorded is no fault")
    is_(first.bezel("check")[0], 0, "nor is it for check")
    status, out = first.bezel("keys", "fetch-shares")
    is_((status, "bezel db apply" in out, first.numbers()), (1, True, (10, 9)), "there is nothing to fetch")
    status, out = first.bezel("db", "apply")
    is_((status, out.splitlines()[-1], recorded()), (0, "1 collections changed", (10, 9)), "db apply records the file's")
    ok("share" not in out and "behind" not in out, "without a word", out)
    stack.db.installation.delete_many({})
    bare = Host("fourth")
    is_((bare.bezel("db", "apply")[0], recorded()), (0, (1, 0)), "a host without its file was the first")
    status, out = first.bezel("db", "check")
    is_((status, "bezel db apply" in out), (1, True), "the others say so")
    is_((first.bezel("db", "apply")[0], recorded()), (0, (10, 9)), "and their db apply is right")
    contains(bare.bezel("keys", "shares")[1], "bezel keys fetch-shares", "then the first one is told")
    stack.db.installation.delete_many({})
    is_((first.bezel("keys", "rotate-shares")[0], recorded(), first.numbers()), (0, (10, 11), (10, 11)), "a step before db apply records itself")


@test
def hosts_that_start_together():
    stack.db.installation.delete_many({})
    hosts = [Host("start%d" % i) for i in range(4)]
    for i, host in enumerate(hosts):
        host.put(20 + i, 19 + i)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        is_([status for status, _ in pool.map(lambda host: host.bezel("db", "apply"), hosts)], [0] * 4, "no apply is in another's way")
    hosts[3].bezel("db", "apply")
    is_(recorded(), (23, 22), "the furthest one is recorded")


@test
def a_damaged_record():
    begin(12, 11, hosts=[first])
    for members in ({"share_key_other": 5}, {"share_key_signing": "12"}, {"share_key_signing": 4096}):
        stack.db.command("update", "installation", updates=[{"q": {}, "u": {"$set": members}}], bypassDocumentValidation=True)
        for words in (("keys", "shares"), ("keys", "rotate-shares"), ("keys", "fetch-shares"), ("check",)):
            status, out = first.bezel(*words)
            is_((status, "is damaged" in out, first.numbers()), (1, True, (12, 11)), "%s: %s" % (members, " ".join(words)))
        stack.db.installation.delete_many({})
        is_((first.bezel("db", "apply")[0], recorded()), (0, (12, 11)), "removed, it is recorded anew")


@test
def a_service():
    """It says so when it starts, while it runs, and when all is well again."""
    begin(12, 11, hosts=[first])
    stack.restart()
    before = len(stack.events("share_keys.differ"))
    ann = member(stack)
    link = "/v1/designs/%s/share" % make(ann)["id"]
    token = ann.put(link, json={}).json()["token"]
    is_(stack.client().get("/v1/shares/" + token).status, 200, "a link of key 12")
    is_((stack.client().get("/readyz").json()["failing"], len(stack.events("share_keys.differ"))), ([], before), "all is well")
    os.unlink(first.file)
    stack.restart()
    wait_for(lambda: len(stack.events("share_keys.differ")) > before, 10 * SLOWER, "the log to say so")
    said = stack.events("share_keys.differ")[-1]
    is_((said["level"], "bezel keys fetch-shares" in said["message"]), ("error", True), "with what to do")
    is_((stack.client().get("/readyz").status, stack.client().get("/readyz").json()["failing"]), (200, ["share_keys"]), "readyz names it, and it serves")
    is_(metric(stack, "bezel_share_keys_failing"), 1, "a gauge")
    is_(stack.client().get("/v1/shares/" + token).status, 404, "for the link is dead here")
    is_(first.bezel("keys", "fetch-shares")[0], 0, "the file is fetched")
    stack.kill(stack.pid("bezel"), signal.SIGHUP)
    wait_for(lambda: stack.client().get("/readyz").json()["failing"] == [], 40 * SLOWER, "all to be well after a reload")
    wait_for(lambda: stack.client().get("/v1/shares/" + token).status == 200, 40 * SLOWER, "the old workers to leave: the link lives again")
    events = len(stack.events("share_keys.differ"))
    record(13, 12)
    wait_for(lambda: stack.client().get("/readyz").json()["failing"] == ["share_keys"], 30 * SLOWER, "a step of another host to be seen")
    wait_for(lambda: len(stack.events("share_keys.differ")) == events + 1, 10, "its line")
    is_(stack.client().get("/v1/shares/" + token).status, 200, "links are served meanwhile")
    record(12, 11)
    wait_for(lambda: metric(stack, "bezel_share_keys_failing") == 0, 30 * SLOWER, "the end of it")


stack = Stack(settings={"provider": "mem"}).start()
first = Host()
main()
