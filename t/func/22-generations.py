#!/usr/bin/python3
"""Generations: what becomes of each picture, what it costs, who waits for whom, and how it can be stopped."""
import collections
import concurrent.futures
import datetime
import hashlib
import os
import sys
import time
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import truth
from stack import SLOWER, Stack, clear_of_border, wait_for
from studio import body, create, design, guest, make, metric, over, picture
from tap import contains, diag, is_, main, ok, test

NOBODY = "019a0000-0000-7000-8000-000000000000"
# Calls of the one job worker in their order; each test function takes what follows.
SCRIPT = [
    "1:refused:30", "2:ok:40",                                # one of two
    "3:failed", "4:alarm",                                    # none
    "5:retry", "7:ok",                                        # 6 is the other slot
    "8:rate_limited:300", "9:timeout", "10:killed", "11:damaged",
    "12:retry", "14:retry",                                   # tried twice
    "16:refused", "17:refused", "18:refused", "19:refused",   # twice in vain
    "*:ok",
]


def used(stack, client):
    return stack.db.guest_sessions.find_one({"_id": client.session})["usage_count"]


def counter(stack):
    row = stack.db.rate_counters.find_one()
    return row["count"] if row else 0


def problem(reply, status, code, name):
    is_((reply.status, reply.json().get("code")), (status, code), name)


def parallel(function, n):
    with concurrent.futures.ThreadPoolExecutor(n) as pool:
        return [future.result() for future in [pool.submit(function, i) for i in range(n)]]


def row_id(client, method, path, value):
    return hashlib.sha256(("guest:%s|%s|%s|%s" % (client.session, method, path, value)).encode()).hexdigest()


def slots(generation):
    return [(s["status"], s["reason"], s["attempts"]) for s in generation["slots"]]


def calls(stack, identifier):
    """The rows of a design's calls: whether a picture came, or why none."""
    rows = list(stack.db.api_usage_log.find({"design_id": identifier}).sort([("created_at", 1), ("_id", 1)]))
    for row in rows:
        if row["request"]["num_images"] != 1 or row["user_id"] is not None or row["ip_address"] != "127.0.0.1" \
                or row["response"]["num_images_returned"] != int(row["response"]["success"]):
            raise AssertionError(row)
    return sorted(row["response"]["error_message"] or "ok" for row in rows), rows


@test
def what_becomes_of_each_picture():
    ann = guest(flaky)

    def outcome(name, status, wanted, landed, rows, charged):
        before, address = used(flaky, ann), counter(flaky)
        made = create(ann).json()
        generation = over(ann, made["generation"]["id"], 20)
        is_((generation["status"], slots(generation)), (status, wanted), name)
        got = design(ann, made["id"])
        is_((len(got["generated_images"]), "generation" in got), (landed, False), name + ": pictures that came")
        found, log = calls(flaky, made["id"])
        is_(found, sorted(rows), name + ": a row for each call")
        is_((round(got["metadata"]["total_generation_cost"], 6), round(got["metadata"]["total_generation_time"], 3)),
            (round(sum(r["cost_usd"] for r in log), 6), round(sum(r["generation_time_seconds"] for r in log), 3)),
            name + ": cost and time are the sum of the calls")
        is_((used(flaky, ann) - before, counter(flaky) - address), (charged, charged), name + ": charge")
        ok(all(s["message"] for s in generation["slots"] if s["status"] != "succeeded"), name + ": says why",
           generation["slots"])
        return generation, got, log

    _, got, log = outcome("refused and ok", "partially_succeeded",
                          [("refused", "image_safety", 1), ("succeeded", None, 1)], 1, ["image_safety", "ok"], 1)
    is_((round(got["metadata"]["total_generation_cost"], 6), got["current_version"]["image_id"]),
        (0.02, got["generated_images"][0]["image_id"]), "the price of the one that came, which is shown")
    ok(0.03 <= got["metadata"]["total_generation_time"] < 1, "its time", got["metadata"])
    is_({(r["api_type"], r["model_used"]) for r in log}, {("generation", "mem-1"), ("generation", "flaky")}
        if "flaky" in {r["model_used"] for r in log} else {("generation", r["model_used"]) for r in log}, "what was called")
    is_([r["request"]["prompt"] for r in log], [body()["original_prompt"]] * 2, "with which words")
    ok(all("seed" in r["request"]["parameters"] for r in log), "with which seed", log)

    alarms = metric(flaky, "bezel_provider_alarms_total")
    outcome("failed and alarm", "failed", [("failed", "bad_output", 1), ("failed", "no_renderer", 1)], 0,
            ["bad_output", "no_renderer"], 0)
    is_(metric(flaky, "bezel_provider_alarms_total"), alarms + 1, "the alarm is counted")
    ok(flaky.events("provider.alarm"), "and logged")

    outcome("a fault that passes", "succeeded", [("succeeded", None, 2), ("succeeded", None, 1)], 2,
            ["unavailable", "ok", "ok"], 1)
    generation, _, _ = outcome("faults that stay", "failed",
                               [("failed", "killed", 2), ("failed", "bad_image", 2)], 0,
                               ["rate_limited", "timeout", "killed", "bad_image"], 0)
    ok(generation["ended_at"] is not None, "it has ended")

    generation, got, _ = outcome("tried as often as may be", "partially_succeeded",
                                 [("failed", "unavailable", 2), ("succeeded", None, 1)], 1,
                                 ["unavailable", "unavailable", "ok"], 1)
    before = used(flaky, ann), counter(flaky)
    reply = ann.post("/v1/generations/%s/retry" % generation["id"])
    is_((reply.status, reply.json()["status"], reply.header("Location")),
        (202, "queued", "/v1/generations/" + generation["id"]), "again by hand")
    is_(sorted(s["status"] for s in reply.json()["slots"]), ["queued", "succeeded"], "what came stays")
    again = over(ann, generation["id"])
    is_((again["status"], [s["status"] for s in again["slots"]]), ("succeeded", ["succeeded"] * 2), "comes now")
    is_((used(flaky, ann), counter(flaky)), before, "for free")
    is_(len(design(ann, got["id"])["generated_images"]), 2, "two pictures")
    problem(ann.post("/v1/generations/%s/retry" % generation["id"]), 409, "conflict", "nothing is left to try again")

    before = used(flaky, ann), counter(flaky)
    generation, got, _ = outcome("all refused", "failed", [("refused", "image_safety", 1)] * 2, 0, ["image_safety"] * 2, 0)
    reply = ann.post("/v1/generations/%s/retry" % generation["id"])
    ok(reply.header("RateLimit"), "a retry after the charge was given back takes it again", reply)
    is_((over(ann, generation["id"])["status"], used(flaky, ann), counter(flaky)), ("failed", *before),
        "refused again: given back again, once")
    ann.post("/v1/generations/%s/retry" % generation["id"])
    is_((over(ann, generation["id"])["status"], used(flaky, ann), counter(flaky)),
        ("succeeded", before[0] + 1, before[1] + 1), "the third time it comes, and is charged")
    found, _ = calls(flaky, got["id"])
    is_(found, ["image_safety"] * 4 + ["ok"] * 2, "each call has its row")
    reply = create(ann, original_prompt="refuse me")
    generation = over(ann, reply.json()["generation"]["id"])
    is_((generation["status"], [s["message"] for s in generation["slots"]]),
        ("failed", ["This cannot be pictured."] * 2), "the provider's words for the user")
    is_(flaky.db.jobs.count_documents({"charge.returned": True}), 3, "three charges stay given back")


@test
def a_worker_that_dies():
    """"exit": the job worker is gone in the midst of a call; its lease runs out, another goes on."""
    ann = guest(dying)
    make(ann)
    made = create(ann).json()
    generation = over(ann, made["generation"]["id"], 30)
    is_((generation["status"], [s["attempts"] for s in generation["slots"]]), ("succeeded", [2, 1]),
        "another worker makes the picture")
    is_(len(design(ann, made["id"])["generated_images"]), 2, "each once")
    found, _ = calls(dying, made["id"])
    is_(found, ["ok", "ok", "the call has not ended"], "the cut call has its row too")
    is_((used(dying, ann), metric(dying, "bezel_worker_restarts_total") >= 1), (2, True), "one charge each")


@test
def further_ones():
    ann = guest(flaky)
    made = make(ann)
    path = "/v1/designs/%s/generations" % made["id"]
    reply = ann.post(path, json={
        "num_variations": 1, "prompt": "More ivy, \"please\"", "gem_data": {
            "type": "Ruby", "cut": "Pear", "color": "Red", "transparency": "Transparent"},
        "material_preferences": {"metals": ["Rose gold", "Platinum"], "finish": "Matte"}})
    is_((reply.status, reply.header("Location")), (202, "/v1/generations/" + reply.json()["id"]), "another picture")
    is_((reply.json()["kind"], len(reply.json()["slots"]), reply.json()["slots"][0]["variation"]), ("generation", 1, 2),
        "with other words, another stone, other metals")
    is_(design(ann, made["id"]).get("generation", {"id": reply.json()["id"]})["id"], reply.json()["id"],
        "the design shows the generation on its way")
    over(ann, reply.json()["id"])
    got = design(ann, made["id"])
    is_(len(got["generated_images"]), 3, "it came")
    parameters = got["generated_images"][2]["generation_parameters"]
    is_(parameters["overrides"], {"prompt": "More ivy, \"please\"", "gem_type": "Ruby", "cut": "Pear", "color": "Red",
                                  "metals": ["Rose gold", "Platinum"], "finish": "Matte"}, "what was other is remembered")
    is_((parameters["variation"], "overrides" in got["generated_images"][0]["generation_parameters"]), (2, False),
        "with what the provider tells")
    is_((got["gem_data"]["type"], got["original_prompt"]), (made["gem_data"]["type"], made["original_prompt"]),
        "the design itself stays")
    is_(got["current_version"], made["current_version"], "and shows what it showed")
    job = ann.post(path, json={}).json()
    is_((len(job["slots"]), over(ann, job["id"])["status"]), (2, "succeeded"), "without a number: as many as the design asked for")
    reply = ann.post(path, json={"prompt": "x" * 1000, "num_variations": 1})
    over(ann, reply.json()["id"])
    is_(len(design(ann, made["id"])["generated_images"]), 6, "long words")
    reply = ann.post(path, json={"prompt": "\U0001f48d" * 1000, "num_variations": 1})
    over(ann, reply.json()["id"])
    contains(design(ann, made["id"])["generated_images"][6]["generation_parameters"]["overrides"]["prompt"], "\U0001f48d",
             "long words of four bytes each")
    row = flaky.db.designs.find_one({"_id": made["id"]})
    flaky.db.designs.update_one({"_id": made["id"]}, {"$set": {"generated_images": row["generated_images"] * 9}})
    problem(ann.post(path, json={"num_variations": 2}), 409, "limit_reached", "more than 64 pictures")
    reply = ann.post(path, json={"num_variations": 5, "prompt": "", "gem_data": {"type": "Ruby"}, "x": 1})
    is_((reply.status, sorted(e["pointer"] for e in reply.json()["errors"])),
        (422, ["/gem_data/color", "/gem_data/cut", "/gem_data/transparency", "/num_variations", "/prompt", "/x"]), "faults")


@test
def refinements():
    ann = guest(flaky)
    made = make(ann)
    path = "/v1/designs/%s/refinements" % made["id"]
    first, second = (i["image_id"] for i in made["generated_images"])

    def refine(**json):
        reply = ann.post(path, json=json)
        is_(reply.status, 202, "refined: %s" % json["prompt"])
        is_(over(ann, reply.json()["id"])["status"], "succeeded", "comes")
        return reply.json(), design(ann, made["id"])

    job, got = refine(prompt="narrower band")
    one = got["refinements"][0]
    is_((one["refinement_id"], one["base_image_id"], one["prompt"], one["refinement_strength"], one["preserve_elements"]),
        (job["slots"][0]["image_id"], first, "narrower band", 0.5, []), "of what is shown, half way")
    is_(got["current_version"], {"type": "refinement", "image_id": one["refinement_id"]}, "it is shown then")
    is_(client.get(one["refined_image_url"]).status, 200, "its picture opens")
    _, got = refine(prompt="and rounder", refinement_strength=1, preserve_elements=["stone", "metal"])
    two = got["refinements"][1]
    is_((two["base_image_id"], two["refinement_strength"], two["preserve_elements"]), (
        one["refinement_id"], 1, ["stone", "metal"]), "a refinement of a refinement")
    _, got = refine(prompt="the other one", base_image_id=second, refinement_strength=0)
    is_((got["refinements"][2]["base_image_id"], got["refinements"][2]["refinement_strength"]), (second, 0), "of a named one")
    _, got = refine(prompt="from the first again", base_image_id=one["refinement_id"])
    tree = ann.get("/v1/designs/%s/versions" % made["id"]).json()
    is_([v["base_id"] for v in tree["versions"]], [None, None, first, one["refinement_id"], second, one["refinement_id"]],
        "the tree")
    is_(flaky.db.api_usage_log.count_documents({"design_id": made["id"], "api_type": "refinement",
                                                "response.success": True}), 4, "their rows")
    other = make(ann)
    for name, base in (("of another design", other["generated_images"][0]["image_id"]), ("of nobody", NOBODY)):
        reply = ann.post(path, json={"prompt": "x", "base_image_id": base})
        is_((reply.status, reply.json()["errors"][0]["pointer"]), (422, "/base_image_id"), "a picture " + name)
    before = used(flaky, ann)
    flaky.db.designs.update_one({"_id": made["id"]}, {"$set": {"refinements": [dict(
        flaky.db.designs.find_one({"_id": made["id"]})["refinements"][0])] * 50}})
    problem(ann.post(path, json={"prompt": "x", "base_image_id": first}), 409, "limit_reached", "more than 50 refinements")
    is_(used(flaky, ann), before, "what is refused costs nothing")
    fresh = create(guest_of_hanging).json()
    problem(guest_of_hanging.post("/v1/designs/%s/refinements" % fresh["id"], json={"prompt": "x"}), 409, "conflict",
            "there is no picture yet")
    guest_of_hanging.post("/v1/generations/%s/cancel" % fresh["generation"]["id"])
    over(guest_of_hanging, fresh["generation"]["id"])
    lost = make(ann)
    keys = flaky.db.designs.find_one({"_id": lost["id"]})["generated_images"][0]
    os.unlink(os.path.join(flaky.state, "objects", lost["id"][-2:], keys["image_url"]))
    reply = ann.post("/v1/designs/%s/refinements" % lost["id"], json={"prompt": "x"})
    generation = over(ann, reply.json()["id"])
    is_((generation["status"], generation["slots"][0]["reason"]), ("failed", "base_lost"), "a base whose file is lost")


@test
def what_was_asked_for_before():
    """A client that comes back finds what failed, and can try it again."""
    ann, bob = guest(slow), guest(slow)
    made = create(ann, original_prompt="refuse me").json()
    path = "/v1/designs/%s/generations" % made["id"]
    over(ann, made["generation"]["id"])
    is_((design(ann, made["id"])["current_version"], "generation" in design(ann, made["id"])), (None, False),
        "a design whose pictures were refused tells nothing of them")
    ids = [made["generation"]["id"]]
    for n in range(4):
        ids.append(ann.post(path, json={"prompt": "words %d" % n, "num_variations": 1}).json()["id"])
        over(ann, ids[-1])
    ids.append(ann.post("/v1/designs/%s/refinements" % made["id"], json={"prompt": "thinner"}).json()["id"])
    over(ann, ids[-1])
    before = metric(slow, "bezel_database_commands_total")
    reply = ann.get(path)
    is_((reply.status, metric(slow, "bezel_database_commands_total") - before, reply.header("Cache-Control")),
        (200, 2, "no-store"), "its generations, by two reads")
    got = reply.json()
    is_([g["id"] for g in got["items"]], ids[::-1], "newest first")
    is_([(g["kind"], g["status"], g["prompt"]) for g in got["items"]], [("refinement", "failed", "thinner")] + [
        ("generation", "succeeded", "words %d" % n) for n in (3, 2, 1, 0)] + [("generation", "failed", "")], "what each was")
    is_({s["reason"] for s in got["items"][-1]["slots"]}, {"policy"}, "why the first failed")
    found, where, pages = [], path + "?limit=2", 0
    while where:
        page = ann.get(where)
        found += [g["id"] for g in page.json()["items"]]
        link, pages = page.header("Link"), pages + 1
        if (link is None) != (page.json()["next_cursor"] is None):
            ok(False, "Link and next_cursor differ", page)
        where = link and link[1:link.index(">")]
    is_((found, pages), (ids[::-1], 3), "page by page")
    reply = ann.post("/v1/generations/%s/retry" % ids[0])
    is_(reply.status, 202, "the one that failed is tried again")
    over(ann, ids[0])
    other = make(ann)
    is_(len(ann.get("/v1/designs/%s/generations" % other["id"]).json()["items"]), 1, "another design has its own")
    cursor = ann.get(path + "?limit=2").json()["next_cursor"]
    for name, reply, status, code in (
            ("of a stranger", bob.get(path), 404, "not_found"),
            ("of nobody", ann.get("/v1/designs/%s/generations" % NOBODY), 404, "not_found"),
            ("of no id", ann.get("/v1/designs/x/generations"), 404, "not_found"),
            ("without a session", slow.client().get(path), 401, "session_required"),
            ("with a cursor of another design", ann.get("/v1/designs/%s/generations?cursor=%s" % (other["id"], cursor)), 400, "bad_cursor"),
            ("with a cursor of designs", ann.get(path + "?cursor=" + (ann.get("/v1/designs?limit=1").json()["next_cursor"])), 400, "bad_cursor"),
            ("by hundreds", ann.get(path + "?limit=101"), 400, "bad_query"),
            ("with a filter", ann.get(path + "?status=failed"), 400, "bad_query")):
        problem(reply, status, code, "a list " + name)
    is_(ann.delete("/v1/designs/" + other["id"]).status, 204, "to the trash")
    is_(len(ann.get("/v1/designs/%s/generations" % other["id"]).json()["items"]), 1, "in the trash it is there too")
    ann.delete("/v1/designs/%s?purge=true" % other["id"])
    is_(ann.get("/v1/designs/%s/generations" % other["id"]).status, 404, "then it is gone")
    slow.db.jobs.delete_many({"design_id": made["id"]})
    is_(ann.get(path).json(), {"items": [], "next_cursor": None}, "what has been forgotten is not missing")
    plan = str(slow.db.jobs.find({"design_id": made["id"]}).sort("_id", -1).hint("by_design").explain()["queryPlanner"]["winningPlan"])
    ok("'SORT'" not in plan, "its index gives the order", plan)


@test
def refinements_of_refinements():
    """The renderer draws anew, so it must be told of every step; POV-Ray's part is played by a script."""
    ann = guest(drawing)
    made = make(ann, original_prompt="a ring", gem_data__type="Sapphire")
    path = "/v1/designs/%s/refinements" % made["id"]
    first = made["generated_images"][0]
    was = first["generation_parameters"]
    ok(was["band"] != "twisted" and was["metal"] == "Platinum", "the first picture", was)

    def refine(base, prompt, **more):
        generation = ann.post(path, json={"prompt": prompt, "base_image_id": base, **more}).json()["id"]
        identifier = over(ann, generation)["slots"][0]["image_id"]
        row = drawing.db.api_usage_log.find_one({"design_id": made["id"], "request.prompt": prompt})
        return identifier, row["request"]["parameters"]

    one, drawn = refine(first["image_id"], "a twisted band\nand a bigger stone", refinement_strength=1)
    is_((drawn["band"], round(drawn["width_mm"] / was["width_mm"], 2)), ("twisted", 1.5), "a step")
    two, drawn = refine(one, "rose gold, halo", preserve_elements=["setting"])
    is_((drawn["band"], drawn["metal"], drawn["setting"], round(drawn["width_mm"] / was["width_mm"], 2)),
        ("twisted", "Rose Gold", was["setting"], 1.5), "a step on it: the band stays twisted, the stone big")
    _, drawn = refine(two, "matte, yellow gold")
    is_((drawn["band"], drawn["metal"], drawn["setting"], drawn["finish"]),
        ("twisted", "Yellow Gold", was["setting"], "Matte"), "a third: the newest wins, what was to stay stays")
    _, drawn = refine(first["image_id"], "hammered")
    is_((drawn["band"], drawn["metal"], drawn["finish"]), (was["band"], "Platinum", "Hammered"), "another branch has none of it")


@test
def stopping():
    ann, bob = guest_of_hanging, guest(hanging)
    running = [create(ann).json() for _ in range(2)]
    ids = [r["generation"]["id"] for r in running]
    wait_for(lambda: all(ann.get("/v1/generations/" + i).json()["status"] == "running" for i in ids), what="both to run")
    is_(ann.get("/v1/generations/" + ids[0]).json()["queue_position"], None, "what runs has no place in the queue")
    waiting = [create(ann).json() for _ in range(3)]
    got = [ann.get("/v1/generations/" + w["generation"]["id"]).json() for w in waiting]
    is_([g["queue_position"] for g in got], [0, 1, 2], "places in the queue")
    is_(design(ann, waiting[2]["id"])["generation"]["queue_position"], 2, "the design tells it too")
    other = create(bob).json()
    place = bob.get("/v1/generations/" + other["generation"]["id"]).json()["queue_position"]
    ok(place == 0, "a newcomer stands before those who have asked for much", place)
    before = used(hanging, ann), counter(hanging)

    etag = ann.get("/v1/generations/" + ids[0]).header("ETag")
    is_(ann.get("/v1/generations/" + ids[0], headers={"If-None-Match": etag}).status, 304, "polling: 304")
    stopped = waiting[1]["generation"]["id"]
    replies = parallel(lambda _: ann.post("/v1/generations/%s/cancel" % stopped), 12)
    is_(sorted(r.status for r in replies), [202] + [409] * 11, "one that waits is stopped by one of twelve who ask at once")
    reply = next(r for r in replies if r.status == 202).json()
    is_((reply["status"], reply["cancel_requested"], reply["queue_position"], slots(reply), reply["ended_at"] is not None),
        ("cancelled", True, None, [("cancelled", "cancelled", 0)] * 2, True), "it has ended though all workers hang")
    is_((used(hanging, ann), counter(hanging)), (before[0] - 1, before[1] - 1), "its charge is back at once, once")
    ok("generation" not in design(ann, waiting[1]["id"]), "the design waits for it no longer")
    reply = ann.post("/v1/generations/%s/cancel" % ids[0])
    is_((reply.status, reply.json()["cancel_requested"]), (202, True), "one that runs too")
    began = time.monotonic()
    stopped = over(ann, ids[0], 10)
    ok(time.monotonic() - began < 2.5 * SLOWER, "within two seconds", time.monotonic() - began)
    is_((stopped["status"], slots(stopped)), ("cancelled", [("cancelled", "cancelled", 1)] * 2), "its slots are cancelled")
    ok(ann.get("/v1/generations/" + ids[0]).header("ETag") != etag, "another tag")
    is_((used(hanging, ann), counter(hanging)), (before[0] - 2, before[1] - 2), "both are given back")
    problem(ann.post("/v1/generations/%s/cancel" % ids[0]), 409, "conflict", "what has ended is not stopped")
    is_(calls(hanging, running[0]["id"])[0], ["cancelled", "cancelled"], "the rows of its calls")
    ok("generation" not in design(ann, running[0]["id"]), "the design has no generation any more")
    is_(hanging.db.designs.find_one({"_id": waiting[1]["id"]})["generation_id"], None, "nor that one")

    # Charged yesterday: today's uses are not touched.
    today, old = used(hanging, ann), create(ann).json()["generation"]["id"]
    hanging.db.jobs.update_one({"_id": old}, {"$set": {"charge.day": "2020-01-01"}})
    for i in (old, ids[1]):
        ann.post("/v1/generations/%s/cancel" % i)
    for i in (old, ids[1]):
        over(ann, i)
    is_(used(hanging, ann), today, "of the two one was charged today and is given back, the other not")

    # Deleted beneath its worker.
    victim = create(bob).json()
    for w in waiting[::2] + [other]:
        (bob if w is other else ann).post("/v1/generations/%s/cancel" % w["generation"]["id"])
    wait_for(lambda: bob.get("/v1/generations/" + victim["generation"]["id"]).json()["status"] == "running", what="it to run")
    is_((bob.delete("/v1/designs/" + victim["id"]).status, bob.delete("/v1/designs/%s?purge=true" % victim["id"]).status),
        (204, 204), "a design may go while it is made")
    bob.post("/v1/generations/%s/cancel" % victim["generation"]["id"])
    is_(over(bob, victim["generation"]["id"])["status"], "cancelled", "its generation ends")
    is_(hanging.events("job.failed"), [], "without a fault")


@test
def stopping_while_it_begins():
    """Cancels and a worker's claim at one moment: whoever comes first decides, and all agrees with itself."""
    ann, seen, began = guest(quick), collections.Counter(), time.monotonic()
    make(ann)
    lasts = time.monotonic() - began
    # Until both were seen: what lasts so long when the machine is idle lasts longer beside others.
    while sum(seen.values()) < 20 or not (seen["cancelled", False] and any(begun for _, begun in seen)) and sum(seen.values()) < 80:
        i = sum(seen.values())
        ahead = create(ann).json()["generation"]["id"]      # the one worker has this in hand for a while
        generation = create(ann).json()["generation"]["id"]
        time.sleep(lasts * 1.2 * (1 + i // 20) * (i % 10) / 10)
        replies = parallel(lambda _, g=generation: ann.post("/v1/generations/%s/cancel" % g), 6)
        ended = over(ann, generation)
        begun = any(s["attempts"] for s in ended["slots"])
        accepted = sum(r.status == 202 for r in replies)
        seen[ended["status"], begun] += 1
        if {r.status for r in replies} - {202, 409} or (ended["status"] == "cancelled" and accepted == 0) \
                or (not begun and accepted != 1):
            ok(False, "an answer that does not fit", (replies, ended))
        over(ann, ahead)
    diag("how they ended, and whether a call had begun: %r" % dict(seen))
    ok(seen["cancelled", False] and sum(n for how, n in seen.items() if how[1]), "before and behind its begin", seen)
    is_(truth.faults_of_guest(quick.db, ann.session, truth.objects_on_disk(os.path.join(quick.state, "objects")),
                              designs=1 + 2 * sum(seen.values()), address="127.0.0.1"), [], "all agrees with itself")
    is_(quick.events("job.failed"), [], "no job met a fault")


@test
def quotas():
    clear_of_border(86400, 20)
    ann = guest(poor)
    replies = [create(ann) for _ in range(3)]
    is_([r.status for r in replies], [202] * 3, "three a day")
    is_([r.header("RateLimit").split(";")[1] for r in replies], ["r=2", "r=1", "r=0"], "RateLimit counts down")
    is_({r.header("RateLimit-Policy") for r in replies}, {'"gen";q=3;w=86400'}, "RateLimit-Policy")
    for r in replies:
        over(ann, r.json()["generation"]["id"])
    now = datetime.datetime.utcnow()
    midnight = 86400 - (now.hour * 3600 + now.minute * 60 + now.second)
    made = replies[0].json()["id"]
    for name, reply in (("a design", create(ann)), ("a generation", ann.post("/v1/designs/%s/generations" % made, json={})),
                        ("a refinement", ann.post("/v1/designs/%s/refinements" % made, json={"prompt": "x"}))):
        problem(reply, 429, "quota_exceeded", name + " more")
        ok(abs(int(reply.header("Retry-After")) - midnight) < 10, "Retry-After says the begin of the next day",
           (reply.header("Retry-After"), midnight))
        is_((reply.header("RateLimit-Policy"), reply.header("RateLimit")),
            ('"gen";q=3;w=86400', '"gen";r=0;t=' + reply.header("Retry-After")), "RateLimit")
    is_((used(poor, ann), counter(poor)), (3, 3), "what is refused is not counted")
    session = ann.get("/v1/guest-session").json()
    is_((session["uses_left"], session["uses_limit"]), (0, 3), "the session says so")
    is_(metric(poor, "bezel_quota_refusals_total"), 3, "counted")

    # Tomorrow.
    poor.db.guest_sessions.update_one({"_id": ann.session}, {"$set": {
        "last_design_at": now - datetime.timedelta(days=1)}})
    is_(ann.get("/v1/guest-session").json()["uses_left"], 3, "the next day all are back")
    reply = create(ann)
    is_((reply.status, reply.header("RateLimit").split(";")[1], used(poor, ann)), (202, "r=2", 1), "counted anew")

    # Nothing landed: the use comes back, and a retry needs one.
    over(ann, reply.json()["generation"]["id"])
    generation = create(ann, original_prompt="refuse me").json()["generation"]["id"]
    over(ann, generation)
    is_((used(poor, ann), counter(poor)), (1, 4), "given back")
    poor.db.guest_sessions.update_one({"_id": ann.session}, {"$set": {"usage_count": 3}})
    reply = ann.post("/v1/generations/%s/retry" % generation)
    problem(reply, 429, "quota_exceeded", "a retry without quota")
    ok(int(reply.header("Retry-After")) > 0 and reply.header("RateLimit"), "with headers")
    is_(counter(poor), 4, "nothing is counted")

    # One address.
    bob, eve = guest(poor), guest(poor)
    is_([create(bob).status for _ in range(2)], [202] * 2, "other guests of this address")
    reply = create(eve)
    problem(reply, 429, "quota_exceeded", "the seventh of one address")
    ok(int(reply.header("Retry-After")) > 0, "Retry-After")
    is_((used(poor, eve), counter(poor), poor.db.guest_sessions.find_one({"_id": eve.session})["designs"]), (0, 6, []),
        "Eve has not lost a use by it")
    poor.db.guest_sessions.update_one({"_id": ann.session}, {"$set": {"expires_at": now - datetime.timedelta(seconds=1)}})
    poor.db.rate_counters.delete_many({})
    problem(create(ann), 401, "session_expired", "a session that is over in the database makes nothing")
    is_(counter(poor), 0, "and is not counted")


@test
def a_full_session():
    """A session's list of designs has an end; what is refused there is no fault of ours, and costs nothing."""
    ann = guest(slow)
    made = make(ann)
    ids = [made["id"]] + [str(uuid.uuid4()) for _ in range(998)]
    slow.db.guest_sessions.update_one({"_id": ann.session}, {"$set": {"designs": ids}})
    is_(create(ann, headers={"Idempotency-Key": "last"}).status, 202, "the thousandth design")
    before = used(slow, ann), counter(slow), slow.db.designs.count_documents({})
    reply = create(ann, headers={"Idempotency-Key": "more"})
    problem(reply, 409, "limit_reached", "one more")
    contains(reply.json()["detail"], "1000 designs", "the detail says how many")
    is_((used(slow, ann), counter(slow), slow.db.designs.count_documents({})), before, "nothing is counted or made")
    row = slow.db.idempotency_keys.find_one({"_id": row_id(ann, "POST", "/v1/designs", "last")})
    slow.db.idempotency_keys.update_one({"_id": row["_id"]}, {"$set": {
        "done": False, "lease_until": datetime.datetime(2020, 1, 1)}})
    reply = create(ann, headers={"Idempotency-Key": "last"})
    is_((reply.status, reply.json().get("id")), (202, row["resource_id"]), "the thousandth, asked for again after a crash")
    is_(ann.post("/v1/designs/%s/generations" % made["id"], json={}).status, 202, "more pictures of what is there")
    is_(ann.get("/v1/guest-session").status, 200, "the session can be read")


@test
def fairness():
    """One owner with 30 jobs, then another with one: the other is not last."""
    ann, bob = guest(slow), guest(slow)
    ids = [create(ann).json()["generation"]["id"] for _ in range(30)]
    reply = create(bob).json()["generation"]["id"]
    over(bob, reply, 20)
    at = slow.db.jobs.find_one({"_id": reply})
    # By the clock of the database: while one asks, others go on.
    ended = slow.db.jobs.count_documents({"_id": {"$in": ids}, "ended_at": {"$lt": at["ended_at"]}})
    done_before = slow.db.jobs.count_documents({"_id": {"$in": ids}, "ended_at": {"$lt": at["created_at"]}})
    diag("Ann had %d done when Bob came, %d when he was served" % (done_before, ended))
    ok(ended - done_before <= 4, "Bob waits for few of Ann's", (done_before, ended))
    ok(ended < 25, "far from all")


@test
def at_once():
    ann = guest(flaky)
    waits = []
    for _ in range(8):
        made = create(ann).json()
        over(ann, made["generation"]["id"])
        job = flaky.db.jobs.find_one({"_id": made["generation"]["id"]})
        waits.append((job["slots"][0]["started_at"] - job["created_at"]).total_seconds())
        time.sleep(0.05)
    diag("from request to first call, seconds: " + " ".join("%.3f" % w for w in sorted(waits)))
    ok(sorted(waits)[len(waits) // 2] < 0.3 * SLOWER, "a job begins within 300 ms when nothing else runs", waits)


MANY = {"provider": "mem", "guest_daily": "1000", "guest_address_daily": "100000"}
flaky = Stack(settings={**MANY, "job_workers": "1", "job_slots": "1", "job_attempts": "2",
                        "provider_script": ",".join(SCRIPT)}).start()
quick = Stack(settings={**MANY, "job_workers": "1", "provider_script": "*:ok:25"}).start()
hanging = Stack(settings={**MANY, "provider_script": "*:hang"}).start()
dying = Stack(settings={**MANY, "job_workers": "1", "job_slots": "1", "job_lease_s": "2", "provider_script": "3:exit:50,*:ok"}).start()
poor = Stack(settings={"provider": "mem", "guest_daily": "3", "guest_address_daily": "6"}).start()
slow = Stack(settings={**MANY, "job_workers": "1", "provider_script": "*:ok:100"}).start()
drawing = Stack(settings={**MANY, "provider": "render", "render_profile": "draft"})
drawing.settings["povray"] = os.path.join(drawing.folder, "povray")
with open(os.path.join(drawing.folder, "picture.png"), "wb") as file:
    file.write(picture())
with open(drawing.settings["povray"], "w", encoding="ascii") as file:
    file.write("#!/bin/sh\nexec cat %s/picture.png\n" % drawing.folder)
os.chmod(drawing.settings["povray"], 0o755)
drawing.start()
client = flaky.client()
guest_of_hanging = guest(hanging)
main()
