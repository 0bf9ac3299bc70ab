#!/usr/bin/python3
"""The whole service with provider = gemini against the stand-in: for each of its scenarios the exact calls, what the
guest sees, what is charged, the rows of the usage log and what it cost."""
import json
import os
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import truth
from faults import workers
from gemini_standin import KEY, MODES, ODD_MODES, GeminiStandin
from stack import SLOWER, Stack, wait_for
from studio import create, design, guest, metric, over
from tap import is_, main, ok, test

FLASH25, FLASH31 = "gemini-2.5-flash-image", "gemini-3.1-flash-image"
BOTH = FLASH25 + "," + FLASH31
DAILY, ATTEMPTS = 1000, 3
# Micro-dollars a token (input, text, image) and tokens of a picture; of the contract, not of our tables.
PRICES = {FLASH25: (0.3, 2.5, 30, 1290), FLASH31: (0.5, 3, 60, 1120)}
AGAIN = " It will be tried again."
CHANGE = " Please change the words and try again."
POLICY = "The picture service declined this request." + CHANGE
NOTHING = "The picture service made no picture of this."
BUSY = "The picture service is busy."
FAULTY = "The picture service has a fault."
DAMAGED = "The picture arrived damaged."
UNREADABLE = "The picture service gave an answer that cannot be read."
UNREACHABLE = "The picture service cannot be reached."
UNUSABLE = "The picture service gave an answer that cannot be used."
SETUP = "The picture service is not set up correctly. The operator has been told."
ACCOUNT = "The picture service is not available at the moment. The operator has been told."
CLOSE = "The picture came out too close to an existing one." + CHANGE

# What a call is billed: tokens besides the prompt, or None for "nothing at all".
PICTURE, PROMPT, FREE = {"image": 1}, {}, None
# mode: calls, slot's status, reason, message, bill of each call, alarms
ROWS = {
    "ok": (1, "succeeded", None, None, PICTURE, 0),
    "no_image": (2, "failed", "no_image", NOTHING, PROMPT, 0),
    "no_content": (2, "failed", "no_image", NOTHING, PROMPT, 0),
    "image_safety": (1, "refused", "image_safety", POLICY, PROMPT, 0),
    "finish:SAFETY": (1, "refused", "safety", POLICY, PROMPT, 0),
    "finish:PROHIBITED_CONTENT": (1, "refused", "prohibited_content", POLICY, PROMPT, 0),
    "finish:IMAGE_PROHIBITED_CONTENT": (1, "refused", "image_prohibited_content", POLICY, PROMPT, 0),
    "finish:BLOCKLIST": (1, "refused", "blocklist", POLICY, PROMPT, 0),
    "finish:SPII": (1, "refused", "spii", POLICY, PROMPT, 0),
    "finish:RECITATION": (1, "failed", "recitation", CLOSE, PROMPT, 0),
    "finish:IMAGE_RECITATION": (1, "failed", "recitation", CLOSE, PROMPT, 0),
    "finish:OTHER": (2, "failed", "model_other", NOTHING, PROMPT, 0),
    "finish:MAX_TOKENS": (2, "failed", "max_tokens", NOTHING, PROMPT, 0),
    "finish:NEWLY_MADE_UP": (1, "failed", "unexpected_finish",
                             "The picture service ended without a picture." + CHANGE, PROMPT, 0),
    "text_only_stop": (2, "failed", "no_image", NOTHING, {"text": 12}, 0),
    "prompt_blocked": (1, "refused", "prompt_blocked", POLICY, PROMPT, 0),
    "prompt_blocked:OTHER": (1, "refused", "prompt_blocked", POLICY, PROMPT, 0),
    "empty_candidates": (2, "failed", "no_image", NOTHING, PROMPT, 0),
    "mime_lie": (1, "succeeded", None, None, PICTURE, 0),
    "thought_parts": (1, "succeeded", None, None, {"image": 1, "text": 180}, 0),
    "two_pictures": (1, "succeeded", None, None, {"image": 1, "text": 9}, 0),
    "missing_usage": (1, "succeeded", None, None, {"image": 1, "prompt": 0}, 0),
    "usage_without_details": (1, "succeeded", None, None, PICTURE, 0),
    "snake_case": (1, "succeeded", None, None, PICTURE, 0),
    "array": (1, "succeeded", None, None, PICTURE, 0),
    "chunked": (1, "succeeded", None, None, PICTURE, 0),
    "slow:0.3": (1, "succeeded", None, None, PICTURE, 0),
    "bad_base64": (3, "failed", "bad_image", DAMAGED, PICTURE, 0),
    "cut_picture": (3, "failed", "bad_image", DAMAGED, PICTURE, 0),
    "not_a_picture": (3, "failed", "bad_image", DAMAGED, PICTURE, 0),
    "undecodable": (3, "failed", "bad_image", "The picture is damaged or cut short.", PICTURE, 0),
    "429_day": (1, "failed", "quota_day", ACCOUNT, FREE, 1),
    "429_billing": (1, "failed", "billing", ACCOUNT, FREE, 1),
    "bad_key": (1, "failed", "bad_key", SETUP, FREE, 1),
    "401": (1, "failed", "bad_key", SETUP, FREE, 1),
    "key_denied": (1, "failed", "key_denied", SETUP, FREE, 1),
    "precondition": (1, "failed", "precondition", ACCOUNT, FREE, 1),
    "bad_request": (1, "failed", "bad_request", "The picture service does not accept this request." + CHANGE, FREE, 0),
    "html_404": (1, "failed", "bad_endpoint", SETUP, FREE, 1),
    "redirect": (1, "failed", "bad_endpoint", SETUP, FREE, 1),
    "413": (1, "failed", "request_too_large", "The pictures of this request are too large.", FREE, 0),
    "html_200": (3, "failed", "bad_reply", UNREADABLE, FREE, 0),
    "bad_json": (3, "failed", "bad_reply", UNREADABLE, FREE, 0),
    "huge_body": (1, "failed", "reply_too_large", UNUSABLE, FREE, 0),
    "500": (3, "failed", "server_error", FAULTY, FREE, 0),
    "html_502": (3, "failed", "bad_gateway", BUSY, FREE, 0),
    "503": (3, "failed", "unavailable", BUSY, FREE, 0),
    "503_long": (3, "failed", "unavailable", BUSY, FREE, 0),
    "504": (2, "failed", "deadline", BUSY, FREE, 0),
    "error_200": (3, "failed", "unavailable", BUSY, FREE, 0),
    "truncated_body": (3, "failed", "cut", UNREACHABLE, FREE, 0),
    "connection_reset": (3, "failed", "cut", UNREACHABLE, FREE, 0),
    "silent_close": (3, "failed", "cut", UNREACHABLE, FREE, 0),
}
# Five of these in a row would open the breaker: an answer of the service stands between.
BREAKING = {"500", "html_502", "503", "503_long", "504", "truncated_body", "connection_reset", "silent_close"}
# The service says when: seconds, and nothing is sent before.
LATER = {"429_retry": 34, "429_message": 47.434, "429_plain": 30, "429_header": 17}
ELSEWHERE = {"gone", "stall", "sequence"} | set(LATER)


# --- the same, without us ----------------------------------------------------

def calls_since(number):
    return [entry for entry in standin.log[number:] if entry["path"].endswith(":generateContent")]


def price(entry, bill):
    """Micro-dollars of one call by what was sent and what the scenario says was used."""
    if bill is None:
        return 0
    tokens_in, tokens_text, tokens_image, of_picture = PRICES[entry["model"]]
    parts = [part for content in entry["request"]["contents"] for part in content["parts"]]
    prompt = sum(len(part.get("text", "")) for part in parts) // 4 + 258 * sum("inlineData" in part for part in parts)
    return int(bill.get("prompt", prompt) * tokens_in + bill.get("text", 0) * tokens_text
               + bill.get("image", 0) * of_picture * tokens_image + 0.5)


def rows_of(identifier):
    return list(stack.db.api_usage_log.find({"design_id": identifier}).sort([("created_at", 1), ("_id", 1)]))


def micro(dollars):
    return int(dollars * 1e6 + 0.5)


class Books:
    """What is counted of a guest, before and after one request."""

    def __init__(self, ann, identifier=None):
        self.ann, self.identifier = ann, identifier
        self.log = len(standin.log)
        self.rows = {row["_id"] for row in rows_of(identifier)}
        self.alarms = metric(stack, "bezel_provider_alarms_total"), len(stack.events("provider.alarm"))
        self.charges = self.charged()
        self.pictures = self.count_pictures(design(ann, identifier)) if identifier else 0

    @staticmethod
    def count_pictures(shown):
        return len(shown["generated_images"]) + len(shown["refinements"])

    def charged(self):
        """By the session's document, by the address, and as the guest is told."""
        session = stack.db.guest_sessions.find_one({"_id": self.ann.session})
        counter = stack.db.rate_counters.find_one()
        return (session["usage_count"], counter["count"] if counter else 0,
                DAILY - self.ann.get("/v1/guest-session").json()["uses_left"])

    def check(self, name, reply, generation, status, slots, calls, unsent=(), gone=0, alarms=0):
        """slots: (status, reason, message, attempts) each. calls: (reason or None, bill) of each HTTP call, in the
        order in which they came, but for those to models that are gone. unsent: (reason, model) of rows without a
        call."""
        identifier = self.identifier or generation["design_id"]
        every = calls_since(self.log)
        entries = [entry for entry in every if "mode" in entry]
        is_((len(every), len(entries)), (len(calls) + gone, len(calls)), name + ": HTTP calls")
        is_((generation["status"], [(s["status"], s["reason"], s["message"], s["attempts"]) for s in generation["slots"]]),
            (status, slots), name + ": what the guest sees")
        landed = sum(slot[0] == "succeeded" for slot in slots)
        is_(reply.header("RateLimit").split(";")[1], "r=%d" % (DAILY - self.charges[0] - 1), name + ": RateLimit")
        is_(self.charged(), tuple(n + (landed > 0) for n in self.charges), name + ": charged %d" % (landed > 0))
        wanted = [(reason is None, reason, int(reason is None), 1, entry["model"], price(entry, bill))
                  for entry, (reason, bill) in zip(entries, calls)]
        wanted += [(False, reason, 0, 1, model, 0) for reason, model in unsent]
        every = rows_of(identifier)
        log = [row for row in every if row["_id"] not in self.rows]
        is_(sorted([(r["response"]["success"], r["response"]["error_message"], r["response"]["num_images_returned"],
                     r["request"]["num_images"], r["model_used"], micro(r["cost_usd"])) for r in log], key=repr),
            sorted(wanted, key=repr), name + ": rows of the log")
        ok(all(r["generation_time_seconds"] > 0 for r in log if r["response"]["error_message"] not in
               {reason for reason, _ in unsent}), name + ": their seconds", log)
        got = design(self.ann, identifier)
        is_((micro(got["metadata"]["total_generation_cost"]), round(got["metadata"]["total_generation_time"], 3)),
            (sum(micro(r["cost_usd"]) for r in every), round(sum(r["generation_time_seconds"] for r in every), 3)),
            name + ": the design's cost and time are their sums")
        is_((self.count_pictures(got) - self.pictures, "generation" in got), (landed, False), name + ": pictures")
        is_((metric(stack, "bezel_provider_alarms_total"), len(stack.events("provider.alarm"))),
            tuple(n + alarms for n in self.alarms), name + ": %d alarms, counted and logged" % alarms)
        return got, log


def one_more(ann, identifier, words, **changes):
    """A further generation of one picture."""
    reply = ann.post("/v1/designs/%s/generations" % identifier, json={"num_variations": 1, "prompt": words, **changes})
    if reply.status != 202:
        raise RuntimeError(repr(reply))
    return reply


def agree(ann, designs=1, calls=None):
    """What must hold after anything: see truth.py."""
    objects = truth.objects_on_disk(os.path.join(stack.state, "objects"))
    is_(truth.faults_of_guest(stack.db, ann.session, objects, designs=designs, calls=calls), [], "all that is stored agrees")


# --- changing what runs ------------------------------------------------------

def set_options(**options):
    """Rewrites bezel.conf; its owner and mode stay."""
    path = os.path.join(stack.state, "etc", "bezel.conf")
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file.read().splitlines() if line.split(" =")[0] not in options]
    lines += ["%s = %s" % pair for pair in options.items()]
    os.chmod(path, 0o600)
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    os.chmod(path, 0o400)


def reload_with(**options):
    """New job workers, who know nothing of models that are gone or of failures."""
    old = workers(stack, "job")
    set_options(**options)
    stack.kill(stack.pid("bezel"), signal.SIGHUP)
    wait_for(lambda: not set(old) & set(workers(stack, "job")) and workers(stack, "job"), 20, "the reload")


# --- before the first picture -------------------------------------------------

def checks(number=0):
    return stack.events("provider.check")[number:]


def next_check(number):
    entry = wait_for(lambda: checks(number), 20, "the check")[0]
    return [entry[name] for name in ("level", "reason", "models", "missing")]


@test
def the_start():
    """Once, not by each worker."""
    is_(next_check(0), ["info", "ok", BOTH, None], "the start: key and models are good")
    for role in ("job", "job", "web"):
        old = workers(stack, role)
        stack.kill(old[0])
        wait_for(lambda r=role, o=old: len(workers(stack, r)) == len(o) and o[0] not in workers(stack, r), 10, "another worker")
    is_((len(checks()), standin.count()["models"], standin.count()["generate"]), (1, 1, 0), "asked once, whoever dies")


@test
def the_command():
    """bezel check: exit status and words."""
    def check(name, status, *lines, **order):
        before = standin.count()["models"]
        standin.control(order)
        ended = stack.bezel("check")
        got = ended.stdout.splitlines()
        is_((ended.returncode, got[:len(lines)], ended.stderr), (status, list(lines), ""), "check: " + name)
        ok(KEY not in ended.stdout, "check: %s: without the key" % name)
        standin.control({"list": "", "page_most": 1000, "other_methods": [], "gone_models": []})
        return standin.count()["models"] - before

    check("all is well", 0, "provider: ok", "models: " + BOTH)
    is_(check("page after page", 0, "provider: ok", "models: " + BOTH, page_most=1), 5, "check: each page is asked for once")
    check("one model is gone", 0, "provider: ok", "models: " + FLASH31, "missing: " + FLASH25, gone_models=[FLASH25])
    check("one makes no content", 0, "provider: ok", "models: " + FLASH25, "missing: " + FLASH31, other_methods=[FLASH31])
    check("all are gone", 1, "provider: model_gone", "missing: " + BOTH, gone_models=[FLASH25, FLASH31])
    for mode, reason in (("bad_key", "bad_key"), ("401", "bad_key"), ("key_denied", "key_denied"),
                         ("precondition", "precondition"), ("429_billing", "billing"), ("429_plain", "rate_limited"),
                         ("gone", "bad_endpoint"), ("html_404", "bad_endpoint"), ("redirect", "bad_endpoint"),
                         ("500", "server_error"), ("503", "unavailable"), ("html_502", "bad_gateway"),
                         ("html_200", "bad_reply"), ("error_200", "bad_reply"), ("bad_json", "bad_reply"),
                         ("truncated_body", "cut"), ("silent_close", "cut"), ("connection_reset", "cut"),
                         ("huge_body:5", "reply_too_large")):
        calls = check(mode, 1, "provider: " + reason, list=mode)
        ok(calls == 1, "check: %s: asked once" % mode, calls)


@test
def a_start_without_a_key_that_is_good():
    """The service serves, and says what is wrong; so it does when a reload brings the fault."""
    stack.stop()
    os.unlink(stack.settings["gemini_api_key_file"])
    before = len(checks())
    stack.start()
    is_(next_check(before), ["error", "cannot_open", None, None], "no key: the log says so")
    is_([stack.client().get(path).status for path in ("/readyz", "/v1/catalog")], [200, 200], "no key: the service serves")
    stack.stop()
    stack.secret("gemini.key", "another-key")
    before = len(checks())
    stack.start()
    is_(next_check(before), ["error", "bad_key", None, None], "a wrong key: the log says so")
    is_(metric(stack, "bezel_provider_alarms_total"), 1, "and an alarm is counted")
    ann = guest(stack)
    is_((ann.get("/readyz").status, ann.get("/v1/catalog").status), (200, 200), "the service serves")
    number, made = len(standin.log), create(ann).json()
    generation = over(ann, made["generation"]["id"])
    is_((generation["status"], [(s["status"], s["reason"], s["message"], s["attempts"]) for s in generation["slots"]],
         len(calls_since(number))), ("failed", [("failed", "bad_key", SETUP, 1)] * 2, 2), "what a guest sees: two calls")
    is_((Books(ann).charged()[0], [r["model_used"] for r in rows_of(made["id"])]), (0, [FLASH25] * 2), "nothing is charged")
    old = workers(stack, "job")
    stack.kill(old[0])
    wait_for(lambda: set(workers(stack, "job")) - set(old), 15, "another job worker")
    time.sleep(0.5)
    is_((metric(stack, "bezel_provider_failing"), ann.get("/readyz").json()["failing"]), (1, ["provider"]),
        "a worker that starts does not take the key for good")
    agree(ann)
    for name, order, options, wanted in (
            ("no service", {}, {"gemini_base_url": nowhere()}, ["warn", "connect", None, None]),
            ("a fault of the service", {"list": "503"}, {"gemini_base_url": standin.url}, ["warn", "unavailable", None, None]),
            ("a good key", {"list": ""}, {}, ["info", "ok", BOTH, None]),
            ("a model that is gone", {"gone_models": [FLASH25]}, {}, ["warn", "ok", FLASH31, FLASH25]),
            ("none is left", {"gone_models": [FLASH25, FLASH31]}, {}, ["error", "model_gone", None, BOTH])):
        before = len(checks())
        standin.control(order)
        stack.secret("gemini.key", KEY)
        reload_with(**options)
        is_(next_check(before), wanted, "a reload: " + name)
        is_(ann.get("/readyz").status, 200, "a reload: %s: the service serves" % name)
    standin.control({"gone_models": [], "list": "slow:30"})
    before = len(checks())
    for _ in range(3):
        reload_with()
        wait_for(lambda: workers(stack, "check"), 10, "a check")
    # What a reload has killed may still be seen for a moment.
    ok(wait_for(lambda: len(workers(stack, "check")) == 1, 5), "one check is left")
    one = workers(stack, "check")
    time.sleep(0.5)
    is_(workers(stack, "check"), one, "one check at a time, which nobody waits for")
    made = create(ann, original_prompt="[[image_safety]]").json()
    is_(over(ann, made["generation"]["id"])["status"], "failed", "pictures do not wait for it")
    number = standin.count()["models"]
    set_options(job_workers="0")
    stack.kill(stack.pid("bezel"), signal.SIGHUP)
    wait_for(lambda: not workers(stack, "job") + workers(stack, "check"), 20, "the end of all job workers")
    is_((standin.count()["models"], len(checks())), (number, before), "where no jobs run there is no check")
    standin.control({"list": ""})
    reload_with(job_workers="1")
    is_(next_check(before), ["info", "ok", BOTH, None], "and all is well")


def nowhere():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return "http://127.0.0.1:%d" % probe.getsockname()[1]


# --- pictures ------------------------------------------------------------------

@test
def each_scenario():
    """One picture each, all of one design."""
    is_(sorted((set(MODES) | set(ODD_MODES)) - {mode.partition(":")[0] for mode in ROWS} - ELSEWHERE), [],
        "every scenario of the stand-in has its row")
    ann = guest(stack)
    books = Books(ann)
    reply = create(ann)
    generation = over(ann, reply.json()["generation"]["id"], 30)
    books.check("two pictures", reply, generation, "succeeded", [("succeeded", None, None, 1)] * 2, [(None, PICTURE)] * 2)
    identifier = reply.json()["id"]
    for mode, (calls, status, reason, message, bill, alarms) in ROWS.items():
        if mode in BREAKING:
            over(ann, one_more(ann, identifier, "[[image_safety]] between").json()["id"], 30)
        books = Books(ann, identifier)
        reply = one_more(ann, identifier, "A ring [[%s]]" % mode)
        generation = over(ann, reply.json()["id"], 60)
        got, log = books.check(mode, reply, generation, "succeeded" if status == "succeeded" else "failed",
                               [(status, reason, message, calls)], [(reason, bill)] * calls, alarms=alarms)
        if status == "succeeded":
            image = got["generated_images"][-1]
            is_((image["image_id"], ann.get(image["image_url"]).body[8:12], image["generation_parameters"]["model_version"],
                 image["generation_parameters"]["cost_estimated"], log[0]["request"]["parameters"]),
                (generation["slots"][0]["image_id"], b"WEBP", FLASH25, mode in ("missing_usage", "usage_without_details"),
                 image["generation_parameters"]), mode + ": the picture opens, and says who made it")
    agree(ann)


@test
def later():
    """The service says when: until then nothing is sent, and the guest sees why."""
    ann, ids = guest(stack), []
    for mode, seconds in LATER.items():
        before = len(standin.log)
        made = create(ann, original_prompt="A ring [[%s]]" % mode).json()
        ids.append(made["generation"]["id"])
        wait_for(lambda i=ids[-1]: all(slot["retry_at"] for slot in stack.db.jobs.find_one({"_id": i})["slots"])
                 and stack.db.jobs.find_one({"_id": i})["status"] == "queued", 10, "both to wait")
        job = stack.db.jobs.find_one({"_id": ids[-1]})
        waits = [(slot["retry_at"] - job["updated_at"]).total_seconds() for slot in job["slots"]]
        ok(all(seconds - 3 * SLOWER < wait <= seconds + 1 for wait in waits), "%s: waits %g s" % (mode, seconds), waits)
        shown = design(ann, made["id"])["generation"]
        is_((shown["status"], [(s["status"], s["reason"], s["message"], s["attempts"]) for s in shown["slots"]]),
            ("queued", [("queued", "rate_limited", BUSY + AGAIN, 1)] * 2), mode + ": what the guest sees meanwhile")
        is_(len(calls_since(before)), 2, mode + ": one call each")
    before, charged = len(standin.log), Books(ann).charged()
    is_(charged[0], len(LATER), "all are charged while they wait")
    for i in ids:
        is_(ann.post("/v1/generations/%s/cancel" % i).status, 202, "the guest does not wait")
    is_([over(ann, i)["status"] for i in ids], ["cancelled"] * len(ids), "all are cancelled")
    is_(Books(ann).charged(), tuple(n - len(ids) for n in charged), "and given back")
    is_(len(calls_since(before)), 0, "nothing was sent")
    agree(ann, len(LATER))
    books = Books(ann)
    reply, began = create(ann, original_prompt="[[sequence:429_retry=2,503,ok]]"), time.monotonic()
    generation = over(ann, reply.json()["generation"]["id"], 30)
    ok(time.monotonic() - began >= 2, "two seconds, as the service asked", time.monotonic() - began)
    books.check("429, 503, a picture", reply, generation, "succeeded", [("succeeded", None, None, 3)] * 2,
                [("rate_limited", FREE)] * 2 + [("unavailable", FREE)] * 2 + [(None, PICTURE)] * 2)


@test
def several_pictures():
    ann = guest(stack)

    def one(name, status, slots, calls, number=2, **changes):
        books = Books(ann)
        reply = create(ann, num_variations_requested=number, **changes)
        generation = over(ann, reply.json()["generation"]["id"], 30)
        got, log = books.check(name, reply, generation, status, slots, calls)
        is_([r["request"]["prompt"] for r in log], [got["original_prompt"]] * len(log), name + ": the rows' words")
        return reply.json()["id"], generation

    landed, refused = ("succeeded", None, None, 1), ("refused", "image_safety", POLICY, 1)
    one("four pictures", "succeeded", [landed] * 4, [(None, PICTURE)] * 4, number=4)
    ok(standin.count()["peak"] <= 2, "job_slots of them at a time", standin.count())
    one("all refused", "failed", [refused] * 3, [("image_safety", PROMPT)] * 3, number=3,
        original_prompt="A ring [[image_safety]]")
    reload_with(job_slots="1")
    standin.control({"mode": "image_safety", "times": 1})
    one("one of two is refused", "partially_succeeded", [refused, landed], [("image_safety", PROMPT), (None, PICTURE)])
    standin.control({"mode": "500", "times": 1})
    one("one of two at the second try", "succeeded", [("succeeded", None, None, 2), landed],
        [("server_error", FREE), (None, PICTURE), (None, PICTURE)])
    agree(ann, 4)
    standin.control({"mode": "bad_key"})
    ann = guest(stack)
    books = Books(ann)
    reply = create(ann)
    generation = over(ann, reply.json()["generation"]["id"])
    got, _ = books.check("a key that was withdrawn", reply, generation, "failed", [("failed", "bad_key", SETUP, 1)] * 2,
                         [("bad_key", FREE)] * 2, alarms=2)
    standin.control({"mode": None})
    books = Books(ann, got["id"])
    reply = ann.post("/v1/generations/%s/retry" % generation["id"])
    books.check("tried again by hand", reply, over(ann, generation["id"], 30), "succeeded", [landed] * 2, [(None, PICTURE)] * 2)
    agree(ann, calls=4)


@test
def stopped():
    """A call on its way is broken off: its row stays, the charge goes back."""
    ann = guest(stack)
    books = Books(ann)
    reply = create(ann, original_prompt="[[slow:8]]")
    identifier = reply.json()["generation"]["id"]
    wait_for(lambda: len(calls_since(books.log)) == 1, 10, "the call")
    is_(ann.get("/v1/generations/" + identifier).json()["status"], "running", "it runs")
    ann.post("/v1/generations/%s/cancel" % identifier)
    generation = over(ann, identifier)
    books.check("stopped", reply, generation, "cancelled",
                [("cancelled", "cancelled", "You stopped it.", attempts) for attempts in (1, 0)], [("cancelled", FREE)])
    agree(ann)


@test
def leaving_with_a_call_on_its_way():
    """It is paid for, so the old worker waits for it; what it has not begun is another's."""
    ann, bob = guest(stack), guest(stack)
    books, old = Books(ann), workers(stack, "job")
    words = "[[sequence:slow=%g,ok]] %s" % (4 * SLOWER, "%d")
    reply = create(ann, original_prompt=words % 1)
    identifier = reply.json()["generation"]["id"]
    wait_for(lambda: len(calls_since(books.log)) == 1, 10, "the call")
    stack.kill(stack.pid("bezel"), signal.SIGHUP)
    wait_for(lambda: set(workers(stack, "job")) - set(old), 10, "new workers")
    is_(over(bob, create(bob).json()["generation"]["id"])["status"], "succeeded", "new workers take new jobs meanwhile")
    is_(ann.get("/v1/generations/" + identifier).json()["slots"][0]["status"], "running", "the old call is still on its way")
    ok(wait_for(lambda: not set(old) & set(workers(stack, "job")), 15), "the old workers leave after it")
    is_(design(ann, reply.json()["id"])["generated_images"][0]["image_id"],
        ann.get("/v1/generations/" + identifier).json()["slots"][0]["image_id"], "its picture has landed")
    generation = over(ann, identifier, 20)
    is_((generation["status"], [s["attempts"] for s in generation["slots"]]), ("succeeded", [1, 1]), "the new ones make the rest")
    is_(sum(words % 1 in repr(entry["request"]) for entry in calls_since(books.log)), 2, "no picture is asked for twice")
    agree(ann, calls=2)

    # The whole service.
    before = len(standin.log)
    reply = create(ann, original_prompt=words % 2)
    wait_for(lambda: len(calls_since(before)) == 1, 10, "the call")
    stack.stop()
    is_(len(calls_since(before)), 1, "told to end, the service begins no other")
    stack.start()
    generation = over(ann, reply.json()["generation"]["id"], 20)
    is_((generation["status"], [s["attempts"] for s in generation["slots"]]), ("succeeded", [1, 1]),
        "the first picture has landed, and the next start makes the other")
    agree(ann, 2, calls=2)


@test
def refinements():
    ann = guest(stack)
    made = create(ann).json()
    over(ann, made["generation"]["id"], 30)
    for name, words, status, slot, calls in (
            ("a refinement", "Rose gold", "succeeded", ("succeeded", None, None, 1), [(None, PICTURE)]),
            ("a refused one", "[[image_safety]]", "failed", ("refused", "image_safety", POLICY, 1), [("image_safety", PROMPT)]),
            ("one without a picture", "[[text_only_stop]]", "failed", ("failed", "no_image", NOTHING, 2),
             [("no_image", {"text": 12})] * 2)):
        books = Books(ann, made["id"])
        reply = ann.post("/v1/designs/%s/refinements" % made["id"], json={"prompt": words, "preserve_elements": ["stone"]})
        generation = over(ann, reply.json()["id"], 30)
        got, log = books.check(name, reply, generation, status, [slot], calls)
        is_({(r["api_type"], r["request"]["prompt"]) for r in log}, {("refinement", words)}, name + ": what the rows say")
        sent = calls_since(books.log)[0]["request"]["contents"][0]["parts"]
        is_([p["inlineData"]["mimeType"] for p in sent if "inlineData" in p], ["image/webp"], name + ": the picture was sent")
        is_((len(got["refinements"]), got["current_version"]["type"]), (1, "refinement"), name + ": what is shown")
    agree(ann)


@test
def models_that_are_gone():
    reload_with(job_slots="1")
    standin.control({"gone_models": [FLASH25]})
    ann = guest(stack)
    landed = ("succeeded", None, None, 1)
    books = Books(ann)
    reply = create(ann)
    generation = over(ann, reply.json()["generation"]["id"], 30)
    got, _ = books.check("the first model is gone", reply, generation, "succeeded", [landed] * 2, [(None, PICTURE)] * 2,
                          gone=1, alarms=1)
    is_([(e["model"], e["status"]) for e in calls_since(books.log)], [(FLASH25, 404), (FLASH31, 200), (FLASH31, 200)],
        "it is asked once, then the next one")
    is_({i["generation_parameters"]["model_version"] for i in got["generated_images"]}, {FLASH31}, "who made them")
    ok(FLASH25 in stack.events("provider.alarm")[-1]["detail"], "the alarm names it", stack.events("provider.alarm")[-1])
    # A fault with many words, and models with long names: more than last_error holds.
    reload_with(gemini_models=",".join(["gemini-%s-%d=1/1/1" % ("x" * 70, i) for i in (1, 2)] + [FLASH31]))
    before = len(standin.log)
    job = one_more(ann, got["id"], "[[503_long]]").json()["id"]
    is_([(s["reason"], s["attempts"]) for s in over(ann, job, 30)["slots"]], [("unavailable", ATTEMPTS)], "a fault with many words")
    is_(len(calls_since(before)), 2 + ATTEMPTS, "two models are gone, and each try is one call")
    error = stack.db.jobs.find_one({"_id": job})["last_error"]
    ok(300 < len(error) <= 500 and "\u00fcberlastet" in error and "\ufffd" not in error, "what the operator finds is cut", error)
    standin.control({"gone_models": [FLASH25, FLASH31]})
    reload_with(gemini_models=BOTH)
    before, charged = len(standin.log), Books(ann).charged()
    job = one_more(ann, got["id"], "A ring").json()["id"]
    generation = over(ann, job)
    is_([(s["status"], s["reason"], s["message"], s["attempts"]) for s in generation["slots"]],
        [("failed", "model_gone", SETUP, 1)], "all are gone")
    is_([(e["model"], e["status"]) for e in calls_since(before)], [(FLASH25, 404), (FLASH31, 404)], "each was asked once")
    is_(Books(ann).charged(), charged, "given back")
    row = rows_of(got["id"])[-1]
    is_((row["model_used"], row["response"]["error_message"], row["cost_usd"]), (FLASH31, "model_gone", 0), "one row")
    standin.control({"gone_models": []})
    agree(ann)


@test
def too_slow():
    """gemini_timeout_s: an answer that does not come, and one that stops half way."""
    reload_with(gemini_timeout_s="1", job_attempts="2")
    ann = guest(stack)
    for mode in ("slow:5", "stall:5"):
        books = Books(ann)
        reply = create(ann, original_prompt="[[%s]]" % mode)
        generation = over(ann, reply.json()["generation"]["id"], 30)
        _, log = books.check(mode, reply, generation, "failed", [("failed", "timeout", UNREACHABLE, 2)] * 2,
                             [("timeout", FREE)] * 4)
        # The timer of libcurl counts whole milliseconds and may ring in the last of them.
        ok(all(0.99 <= r["generation_time_seconds"] < 1 + 2 * SLOWER for r in log), mode + ": a second each, not its five",
           [r["generation_time_seconds"] for r in log])
        over(ann, create(ann, original_prompt="[[image_safety]]").json()["generation"]["id"], 30)
    agree(ann, 4)


@test
def the_breaker():
    """Five failures in a row: nothing more is sent, and the guest is told."""
    reload_with(gemini_timeout_s="30", job_attempts="2", job_slots="1")
    ann = guest(stack)
    books = Books(ann)
    reply = create(ann, num_variations_requested=4, original_prompt="[[503]]")
    generation = over(ann, reply.json()["generation"]["id"], 20)
    down = ("failed", "provider_down", "The picture service does not answer.", 2)
    books.check("an outage", reply, generation, "failed", [("failed", "unavailable", BUSY, 2)] + [down] * 3,
                [("unavailable", FREE)] * 5, unsent=[("provider_down", "gemini")] * 3)
    made = create(ann).json()["generation"]["id"]
    wait_for(lambda: [s["reason"] for s in ann.get("/v1/generations/" + made).json()["slots"]] == ["provider_down"] * 2, 10,
             "the next one")
    shown = ann.get("/v1/generations/" + made).json()
    is_([(s["status"], s["message"]) for s in shown["slots"]], [("queued", "The picture service does not answer." + AGAIN)] * 2,
        "the next one waits")
    is_(len(calls_since(books.log)), 5, "and is not sent")
    ann.post("/v1/generations/%s/cancel" % made)
    is_((over(ann, made)["status"], Books(ann).charged()[0]), ("cancelled", 0), "given back")
    agree(ann, 2)


@test
def nothing_there():
    """The service cannot be reached."""
    reload_with(gemini_base_url=nowhere(), job_attempts=str(ATTEMPTS), job_slots="2")
    ann = guest(stack)
    made = create(ann).json()
    generation = over(ann, made["generation"]["id"], 30)
    reasons = [r["response"]["error_message"] for r in rows_of(made["id"])]
    is_((generation["status"], [(s["reason"], s["message"], s["attempts"]) for s in generation["slots"]], reasons),
        ("failed", [("connect", UNREACHABLE, ATTEMPTS)] * 2, ["connect"] * 2 * ATTEMPTS), "tried as often as may be")
    is_(Books(ann).charged()[0], 0, "given back")
    agree(ann)
    reload_with(gemini_base_url=standin.url)


@test
def secrets():
    """The key is in no log, in no document, in no answer."""
    places = []
    for folder, _, names in os.walk(os.path.join(stack.state, "logs")):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                if KEY.encode() in file.read():
                    places.append(name)
    for name in stack.db.list_collection_names():
        places += [name for document in stack.db[name].find() if KEY in repr(document)]
    is_(places, [], "the key is nowhere")
    ok("(key)" in "".join(e["detail"] for e in stack.events("provider.alarm")), "where the service told it, it is blotted out")
    words = "granny's locket"
    ok(not any(word in stack.log("bezel") for word in ("[[", words)), "no prompt is in the log")
    is_([e for e in stack.events() if e["event"] in ("job.failed", "work.failed") or e["event"] == "worker.died"
         and e["signal"] not in (0, signal.SIGKILL)], [], "no worker had trouble")


standin = GeminiStandin()
standin.__enter__()
stack = Stack(settings={"provider": "gemini", "gemini_base_url": standin.url, "job_workers": "1", "job_slots": "2",
                        "job_attempts": str(ATTEMPTS), "job_retry_ms": "1", "guest_daily": str(DAILY),
                        "guest_address_daily": str(DAILY)})
stack.settings["gemini_api_key_file"] = stack.secret("gemini.key", KEY)
stack.start()
main()
