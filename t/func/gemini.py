#!/usr/bin/python3
"""The gemini driver against the stand-in: every scenario, and what it costs. TAP."""
import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from gemini_standin import KEY, MODES, ODD_MODES, GeminiStandin, jpeg, png  # noqa: E402

CLI = os.path.join(os.environ.get("BEZEL_BUILDDIR", os.getcwd()), "t/tools/gemini_cli")
FLASH25, FLASH31, PRO = ("gemini-2.5-flash-image", "gemini-3.1-flash-image",
                         "gemini-3-pro-image")
# Micro-dollars a token: input, text, image.
PRICES = {FLASH25: (0.3, 2.5, 30), FLASH31: (0.5, 3, 60), PRO: (2, 12, 120)}

SLOWER = float(os.environ.get("BEZEL_TEST_SLOWER", "1"))

number = failures = 0


def ms(milliseconds):
    """Longer where everything takes longer."""
    return "%d" % (milliseconds * SLOWER)


def ok(good, name, *shown):
    global number, failures
    number += 1
    failures += not good
    print("%sok %d - %s" % ("" if good else "not ", number, name), flush=True)
    for value in shown if not good else ():
        print("# " + json.dumps(value)[:2000].replace("\n", " "), flush=True)


def skip(name, why):
    global number
    number += 1
    print("ok %d - %s # SKIP %s" % (number, name, why), flush=True)


def run(standin, prompt, *args, url=None, key=KEY):
    """The results of one gemini_cli, and how many calls reached the stand-in."""
    before = standin.count()["generate"]
    done = subprocess.run(
        [CLI, "--base-url", url or standin.url, "--key", key, "--prompt", prompt,
         "--timeout-ms", "5000", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        timeout=60, check=False)
    if done.returncode != 0:
        return done.stderr.decode(errors="replace"), 0
    return json.loads(done.stdout), standin.count()["generate"] - before


def cost_of(result):
    """The contract's formula over what the result says was used."""
    told = result["parameters"] or {}
    price_in, price_text, price_image = PRICES[told.get("model", FLASH25)]
    image = told.get("image_tokens", 0)
    candidates = told.get("candidates_tokens", image)
    cost = (told.get("prompt_tokens", 0) * price_in + image * price_image
            + max(0, candidates - image) * price_text
            + told.get("thoughts_tokens", 0) * price_text)
    return int(cost + 0.5)


# mode: outcome, reason, alarm, attempts left at most, retry after (None: not said)
EXPECTED = {
    "ok": ("ok", "ok", False, -1, None),
    "no_image": ("retry", "no_image", False, 1, None),
    "no_content": ("retry", "no_image", False, 1, None),
    "image_safety": ("refused", "image_safety", False, -1, None),
    "finish:IMAGE_PROHIBITED_CONTENT": ("refused", "image_prohibited_content", False, -1, None),
    "finish:PROHIBITED_CONTENT": ("refused", "prohibited_content", False, -1, None),
    "finish:SAFETY": ("refused", "safety", False, -1, None),
    "finish:BLOCKLIST": ("refused", "blocklist", False, -1, None),
    "finish:SPII": ("refused", "spii", False, -1, None),
    "finish:IMAGE_RECITATION": ("failed", "recitation", False, -1, None),
    "finish:RECITATION": ("failed", "recitation", False, -1, None),
    "finish:IMAGE_OTHER": ("retry", "model_other", False, 1, None),
    "finish:OTHER": ("retry", "model_other", False, 1, None),
    "finish:MAX_TOKENS": ("retry", "max_tokens", False, 1, None),
    "finish:NEWLY_MADE_UP": ("failed", "unexpected_finish", False, -1, None),
    "text_only_stop": ("retry", "no_image", False, 1, None),
    "prompt_blocked": ("refused", "prompt_blocked", False, -1, None),
    "prompt_blocked:OTHER": ("refused", "prompt_blocked", False, -1, None),
    "empty_candidates": ("retry", "no_image", False, 1, None),
    "mime_lie": ("ok", "ok", False, -1, None),
    "thought_parts": ("ok", "ok", False, -1, None),
    "two_pictures": ("ok", "ok", False, -1, None),
    "undecodable": ("ok", "ok", False, -1, None),
    "missing_usage": ("ok", "ok", False, -1, None),
    "usage_without_details": ("ok", "ok", False, -1, None),
    "snake_case": ("ok", "ok", False, -1, None),
    "array": ("ok", "ok", False, -1, None),
    "chunked": ("ok", "ok", False, -1, None),
    "slow:0.3": ("ok", "ok", False, -1, None),
    "bad_base64": ("retry", "bad_image", False, -1, None),
    "cut_picture": ("retry", "bad_image", False, -1, None),
    "not_a_picture": ("retry", "bad_image", False, -1, None),
    "429_retry": ("retry", "rate_limited", False, -1, 34000),
    "429_retry:7": ("retry", "rate_limited", False, -1, 7000),
    "429_retry:0.5": ("retry", "rate_limited", False, -1, 2000),
    "429_message": ("retry", "rate_limited", False, -1, 47435),
    "429_message:1m2.5s": ("retry", "rate_limited", False, -1, 62500),
    "429_plain": ("retry", "rate_limited", False, -1, 30000),
    "429_header": ("retry", "rate_limited", False, -1, 17000),
    "429_day": ("failed", "quota_day", True, -1, None),
    "429_billing": ("failed", "billing", True, -1, None),
    "bad_key": ("failed", "bad_key", True, -1, None),
    "bad_request": ("failed", "bad_request", False, -1, None),
    "precondition": ("failed", "precondition", True, -1, None),
    "401": ("failed", "bad_key", True, -1, None),
    "key_denied": ("failed", "key_denied", True, -1, None),
    "gone": ("failed", "model_gone", True, -1, None),
    "html_404": ("failed", "bad_endpoint", True, -1, None),
    "413": ("failed", "request_too_large", False, -1, None),
    "redirect": ("failed", "bad_endpoint", True, -1, None),
    "500": ("retry", "server_error", False, -1, None),
    "html_502": ("retry", "bad_gateway", False, -1, None),
    "503": ("retry", "unavailable", False, -1, None),
    "503_long": ("retry", "unavailable", False, -1, None),
    "504": ("retry", "deadline", False, 1, None),
    "html_200": ("retry", "bad_reply", False, -1, None),
    "bad_json": ("retry", "bad_reply", False, -1, None),
    "error_200": ("retry", "unavailable", False, -1, None),
    "truncated_body": ("retry", "cut", False, -1, None),
    "connection_reset": ("retry", "cut", False, -1, None),
    "silent_close": ("retry", "cut", False, -1, None),
    "huge_body": ("failed", "reply_too_large", False, -1, None),
}
# What a failed call was billed, as the service would: nothing unless it says so.
BILLED = {"no_image", "no_content", "image_safety", "finish", "text_only_stop",
          "prompt_blocked", "empty_candidates", "bad_base64", "cut_picture",
          "not_a_picture"}
MIME = {"mime_lie": "image/jpeg"}


def test_modes(standin):
    tried = {mode.partition(":")[0] for mode in EXPECTED}
    ok(set(MODES) | set(ODD_MODES) <= tried | {"sequence", "stall"},
       "every scenario of the stand-in has a row", sorted(set(MODES) - tried))
    for mode, (outcome, reason, alarm, left, after) in EXPECTED.items():
        results, calls = run(standin, "A ring [[%s]]" % mode, "--models", FLASH25)
        r = results[0]
        ok((r["outcome"], r["reason"], r["alarm"], r["attempts_left_at_most"],
            r["retry_after_ms"] or None) == (outcome, reason, alarm, left, after),
           "%s: %s, %s" % (mode, outcome, reason), r)
        ok(calls == 1, "%s: one call" % mode, calls)
        name = mode.partition(":")[0]
        if outcome == "ok":
            ok(r["image_bytes"] > 700000 and r["model"] == FLASH25
               and r["mime"] == MIME.get(name, "image/png"), "%s: a picture" % mode, r)
        else:
            ok(r["image_bytes"] == 0 and r["message"].endswith(".") and r["model"] == FLASH25,
               "%s: a sentence, and who was asked" % mode, r)
        if name == "missing_usage":
            good = r["cost_microusd"] == 38700 and r["parameters"]["cost_estimated"]
        elif name == "usage_without_details":
            good = r["cost_microusd"] >= 38700 and r["parameters"]["cost_estimated"]
        elif outcome == "ok" or name in BILLED:
            good = r["cost_microusd"] == cost_of(r) > 0
        else:
            good = r["cost_microusd"] == 0
        ok(good, "%s: its cost" % mode, r)


def test_calls_of_one_request(standin):
    standin.control({"reset": True, "delay_s": 0.15})
    results, calls = run(standin, "Four", "--calls", "4", "--max-parallel", "4")
    ok(calls == 4 and all(r["outcome"] == "ok" for r in results),
       "four variants are exactly four calls", results)
    ok(standin.count()["peak"] == 4, "side by side", standin.count())
    texts = {json.dumps(e["request"]["contents"]) for e in standin.log}
    ok(len(texts) == 4, "each with words of its own", sorted(texts))
    standin.control({"reset": True, "delay_s": 0.05})
    results, calls = run(standin, "Five", "--calls", "5", "--max-parallel", "2")
    ok(calls == 5 and all(r["outcome"] == "ok" for r in results)
       and standin.count()["peak"] == 2, "max_parallel holds", standin.count())
    standin.control({"reset": True, "delay_s": 0})
    results, calls = run(standin, "[[sequence:503,ok]]", "--rounds", "2")
    ok([r["outcome"] for r in results] == ["retry", "ok"] and calls == 2,
       "503, then a picture", results)


def test_models_that_are_gone(standin):
    standin.control({"reset": True, "gone_models": [FLASH25]})
    results, calls = run(standin, "A ring", "--rounds", "2")
    ok([r["outcome"] for r in results] == ["ok", "ok"] and calls == 3,
       "a model that is gone moves on to the next, and is not asked again", results, calls)
    ok([r["alarm"] for r in results] == [True, False] and FLASH25 in results[0]["detail"],
       "and raises an alarm once", results)
    ok(all(r["model"] == FLASH31 and r["mime"] == "image/jpeg"
           and r["cost_microusd"] == cost_of(r) > 67000 for r in results),
       "the next model's picture at its price", results)
    results, calls = run(standin, "[[connection_reset]]")
    ok((results[0]["reason"], results[0]["alarm"], calls) == ("cut", True, 2)
       and FLASH25 in results[0]["detail"], "the alarm outlives the next one's fault", results)
    standin.control({"gone_models": [FLASH25, FLASH31]})
    results, calls = run(standin, "A ring", "--rounds", "2")
    ok(all((r["outcome"], r["reason"], r["alarm"]) == ("failed", "model_gone", True)
           for r in results) and calls == 4,
       "all gone: failed, and asked again the next time", results, calls)
    results, calls = run(standin, "A ring", "--models",
                         "gemini-3.1-flash-image-preview=1/1/1,gemini-nothing=1/1/1," + PRO)
    ok(results[0]["model"] == PRO and results[0]["alarm"] and calls == 3,
       "closed, unknown, then one that is there", results)
    standin.control({"reset": True})


def test_breaker(standin):
    outcomes = lambda results: [r["reason"] for r in results]  # noqa: E731
    results, calls = run(standin, "[[503]]", "--rounds", "8", "--breaker-ms", "60000")
    ok(outcomes(results) == ["unavailable"] * 5 + ["provider_down"] * 3 and calls == 5,
       "after five failures no call is made", results, calls)
    ok(all(r["outcome"] == "retry" and 0 < r["retry_after_ms"] <= 60000
           and r["took_ms"] < 250 * SLOWER for r in results[5:]), "it says for how long", results[5:])
    results, calls = run(standin, "[[sequence:503,503,503,503,503,ok]] b", "--rounds", "12",
                         "--breaker-ms", ms(400), "--pause-ms", ms(100))
    words = outcomes(results)
    downs = words.count("provider_down")
    ok(words == ["unavailable"] * 5 + ["provider_down"] * downs + ["ok"] * (7 - downs)
       and 2 <= downs <= 5 and calls == 12 - downs,
       "then one call is let through, and a good one closes it", words, calls)
    results, calls = run(standin, "[[503]]", "--calls", "5", "--max-parallel", "5",
                         "--rounds", "3", "--breaker-ms", ms(300), "--pause-ms", ms(400))
    ok(outcomes(results)[:5] == ["unavailable"] * 5
       and all(sorted(outcomes(results)[i:i + 5])
               == ["provider_down"] * 4 + ["unavailable"] for i in (5, 10)) and calls == 7,
       "only one is let through at a time, and a bad one opens it again", results, calls)
    results, calls = run(standin, "[[503]]", "--rounds", "12", "--breaker-ms", ms(500),
                         "--pause-ms", ms(100))
    words = outcomes(results)[4:]
    tries = [i for i, word in enumerate(words) if word == "unavailable"]
    ok(calls == 4 + len(tries) and len(tries) >= 2
       and all(b - a >= 3 for a, b in zip(tries, tries[1:])),
       "and for as long as before", words, calls)
    results, calls = run(standin, "[[sequence:503,503,503,503,bad_request,503,503,503,503,"
                         "429_plain,connection_reset,503,500,504,html_502,ok]]",
                         "--rounds", "17", "--breaker-ms", "60000")
    ok(calls == 15 and outcomes(results)[10] == "cut"
       and outcomes(results)[15:] == ["provider_down"] * 2,
       "answers of the service close it; transport and server faults count alike",
       outcomes(results), calls)


def test_time(standin):
    results, calls = run(standin, "[[slow:%g]]" % (3 * SLOWER), "--timeout-ms", "300")
    ok((results[0]["outcome"], results[0]["reason"]) == ("retry", "timeout")
       and calls == 1 and 290 <= results[0]["took_ms"] < 2000 * SLOWER, "a slow answer", results)
    results, calls = run(standin, "[[stall:%g]]" % (3 * SLOWER), "--timeout-ms", "400")
    ok(results[0]["reason"] == "timeout" and calls == 1
       and results[0]["took_ms"] < 2000 * SLOWER, "an answer that stalls", results)
    results, calls = run(standin, "[[slow:%g]]" % (3 * SLOWER), "--cancel-ms", "150", "--calls", "3",
                         "--max-parallel", "2")
    ok([r["outcome"] for r in results] == ["cancelled"] * 3 and calls == 2
       and all(r["took_ms"] < 2000 * SLOWER for r in results),
       "cancelled: two on their way, one that waited", results)


def test_transport(standin):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        closed = "http://127.0.0.1:%d" % one.getsockname()[1]
    for url, outcome, reason, alarm in (
            (closed, "retry", "connect", False),
            ("https://no-such-name.invalid", "retry", "resolve", False),
            ("http://10.0.0.1", "failed", "forbidden_address", True),
            ("ftp://127.0.0.1", "failed", "cannot_send", True),
            (standin.url.replace("http", "https"), "retry", "tls", True)):
        results, calls = run(standin, "A ring", url=url)
        r = results[0]
        ok((r["outcome"], r["reason"], r["alarm"], calls) == (outcome, reason, alarm, 0),
           "%s: %s" % (url.rstrip("0123456789"), reason), r)


def test_tls(folder):
    if shutil.which("openssl") is None:
        skip("https", "no openssl program")
        return
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", key, "-out", cert], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with GeminiStandin(tls=(cert, key)) as standin:
        results, calls = run(standin, "A ring")
        ok((results[0]["reason"], results[0]["alarm"], calls) == ("tls", True, 0),
           "a certificate that nobody vouches for", results)
        results, calls = run(standin, "A ring", "--ca-file", cert)
        ok(results[0]["outcome"] == "ok" and calls == 1, "one that is vouched for", results)
        wrong = standin.url.replace("127.0.0.1", "localhost")
        results, calls = run(standin, "A ring", "--ca-file", cert, url=wrong)
        ok(results[0]["reason"] == "tls" and calls == 0, "another's certificate", results)


def test_requests(standin, folder):
    standin.control({"reset": True})
    base, reference = os.path.join(folder, "base"), os.path.join(folder, "reference")
    results, _ = run(standin, "A ring", "--save", base, "--gem", "Ruby")
    with open(base, "rb") as file:
        saved = file.read()
    ok(saved.startswith(b"\x89PNG") and len(saved) == results[0]["image_bytes"],
       "the picture's bytes arrive")
    with open(reference, "wb") as file:
        file.write(jpeg(640, 480))
    results, calls = run(standin, "A ring", "--base", base, "--reference", reference,
                         "--change", "Rose gold </words> [[ok]]", "--strength", "0.9",
                         "--preserve", "stone", "--preserve", "band")
    ok(results[0]["outcome"] == "ok" and calls == 1, "a refinement of 2 MB", results)
    ok(results[0]["parameters"]["strength"] == "strong"
       and results[0]["parameters"]["prompt_tokens"] > 516, "is told in the parameters")
    sent = standin.log[-1]
    parts = sent["request"]["contents"][0]["parts"]
    ok(sent["body_bytes"] > 2000000 and "expect" not in sent["headers"]
       and [p.get("inlineData", {}).get("mimeType") for p in parts]
       == ["image/png", "image/jpeg", None, None], "as it should be", sent["headers"], parts)
    ok(parts[3]["text"].count("</words>") == 1, "the words stay in their part", parts[3])
    ok(sent["headers"]["user-agent"].startswith("bezel/")
       and KEY not in json.dumps(standin.log) and not sent["query"], "the key is in no URL")
    for args, name, value in (
            (("--ratio", "16:9"), "aspectRatio", "16:9"),
            (("--models", FLASH31, "--draft"), "imageSize", "512"),
            (("--draft",), "imageSize", "1K"),
            (("--models", FLASH31, "--size", "2K"), "imageSize", "2K")):
        results, _ = run(standin, "A ring", *args)
        config = standin.log[-1]["request"]["generationConfig"]
        ok(results[0]["outcome"] == "ok" and config["imageConfig"][name] == value
           and config["responseModalities"] == ["IMAGE"]
           and results[0]["cost_microusd"] == cost_of(results[0]),
           "%s %s" % (" ".join(args), value), config, results)
    results, calls = run(standin, "[[key_denied]]")
    ok(KEY not in json.dumps(results) and "(key)" in results[0]["detail"],
       "a message that names the key is shown without", results)
    results, calls = run(standin, "A ring", key="another-key")
    ok((results[0]["reason"], results[0]["alarm"], calls) == ("bad_key", True, 1),
       "a wrong key", results)
    with open(reference, "wb") as file:
        file.write(b"GIF89a")
    results, calls = run(standin, "A ring", "--reference", reference)
    ok((results[0]["outcome"], results[0]["reason"], calls) == ("failed", "bad_reference", 0),
       "a reference that is no picture is not sent", results)
    results, calls = run(standin, "A ring", "--size", "2K")
    ok(isinstance(results, str) and "1K only" in results,
       "a size that the model does not make is refused at the start", results)


# --- the stand-in itself ----------------------------------------------------

def ask(standin, body, model=FLASH25, key=KEY, verb="generateContent"):
    request = urllib.request.Request(
        "%s/v1beta/models/%s:%s" % (standin.url, model, verb),
        data=body if isinstance(body, bytes) else json.dumps(body).encode(),
        headers={"Content-Type": "application/json",
                 **({"x-goog-api-key": key} if key else {})})
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as fault:
        text = fault.read()
        return fault.code, json.loads(text) if text[:1] == b"{" else text


def test_standin(standin):
    def contents(*parts):
        return {"contents": [{"role": "user", "parts": list(parts)}]}

    def picture(data, mime):
        return {"inlineData": {"mimeType": mime, "data": base64.b64encode(data).decode()}}

    text = {"text": "A ring"}
    small = png(8, 8)
    status, body = ask(standin, contents(text))
    parts = body["candidates"][0]["content"]["parts"]
    ok(status == 200 and "text" in parts[0] and "inlineData" in parts[1]
       and len(json.dumps(body)) > 1800000, "stand-in: text first, then 1.5 MB of picture")
    status, body = ask(standin, {**contents(text), "generationConfig": {
        "responseModalities": ["IMAGE"], "imageConfig": {"imageSize": "8K"}}})
    ok(status == 200 and len(body["candidates"][0]["content"]["parts"]) == 1,
       "stand-in: any size on 2.5, picture only when asked so")
    history = {"contents": [
        {"role": "user", "parts": [text]},
        {"role": "model", "parts": [{"text": "Here"}, picture(small, "image/png")]},
        {"role": "user", "parts": [text]}]}
    refused = (
        ("no key", contents(text), {"key": None}, 403, "unregistered callers"),
        ("wrong key", contents(text), {"key": "x"}, 400, "API key not valid"),
        ("unknown model", contents(text), {"model": "gemini-9"}, 404, "is not found"),
        ("closed model", contents(text), {"model": "gemini-3.1-flash-image-preview"}, 404,
         "no longer available to new users"),
        ("no JSON", b"{", {}, 400, "Invalid JSON payload"),
        ("no contents", {}, {}, 400, "contents is not specified"),
        ("no parts", {"contents": [{"parts": []}]}, {}, 400, "empty input"),
        ("unknown field", {**contents(text), "negativePrompt": "x"}, {}, 400,
         "Unknown name \"negativePrompt\""),
        ("unknown field below", {**contents(text), "generationConfig": {
            "imageConfig": {"personGeneration": "x"}}}, {}, 400, "personGeneration"),
        ("snake_case", {**contents(text), "generation_config": {}}, {}, 400, "Unknown name"),
        ("two candidates", {**contents(text), "generationConfig": {"candidateCount": 2}}, {},
         400, "Multiple candidates"),
        ("ratio", {**contents(text), "generationConfig": {
            "imageConfig": {"aspectRatio": "5:7"}}}, {}, 400, "aspect ratio"),
        ("ratio of another model", {**contents(text), "generationConfig": {
            "imageConfig": {"aspectRatio": "1:4"}}}, {}, 400, "not supported for this model"),
        ("size on 3.1", {**contents(text), "generationConfig": {
            "imageConfig": {"imageSize": "8K"}}}, {"model": FLASH31}, 400, "image size"),
        ("modality", {**contents(text), "generationConfig": {
            "responseModalities": ["PICTURE"]}}, {}, 400, "response_modalities"),
        ("image/jpg", contents(text, picture(small, "image/jpg")), {}, 400, "MIME"),
        ("wrong mime", contents(text, picture(jpeg(8, 8), "image/png")), {}, 400,
         "Unhandled generated data mime type: image/jpeg"),
        ("no picture", contents(text, picture(b"hello", "image/png")), {}, 400, "process input"),
        ("no base64", contents(text, {"inlineData": {"mimeType": "image/png",
                                                     "data": "data:image/png;base64,AA=="}}),
         {}, 400, "Base64"),
        ("two kinds in a part", contents({**text, **picture(small, "image/png")}), {}, 400,
         "oneof"),
        ("safety", {**contents(text), "safetySettings": [
            {"category": "HARM_CATEGORY_X", "threshold": "OFF"}]}, {}, 400, "category"),
        ("no signature", history, {"model": PRO}, 400, "missing a thought_signature"),
        ("unknown mode", contents({"text": "[[no_such_mode]]"}), {}, 400, "no mode"),
    )
    for name, body, how, code, words in refused:
        status, reply = ask(standin, body, **how)
        ok(status == code and words in reply["error"]["message"]
           and reply["error"]["code"] == code, "stand-in refuses: " + name, status, reply)
    status, reply = ask(standin, contents({"text": ""}))
    ok(reply["candidates"][0]["finishReason"] == "NO_IMAGE",
       "stand-in: empty words make no picture")
    status, reply = ask(standin, history)
    ok(status == 200, "stand-in: 2.5 needs no signature")
    ok(ask(standin, {}, verb="streamGenerateContent")[0] == 404, "stand-in: nothing else")
    for key, code in ((KEY, 200), ("x", 400)):
        request = urllib.request.Request(standin.url + "/v1beta/models",
                                         headers={"x-goog-api-key": key})
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                status, names = reply.status, [m["name"] for m in json.load(reply)["models"]]
        except urllib.error.HTTPError as fault:
            status, names = fault.code, []
        ok(status == code and (code != 200 or "models/" + FLASH25 in names),
           "stand-in: list of models, %d" % code)
    request = urllib.request.Request(standin.url + "/_control", json.dumps(
        {"reset": True, "mode": "503", "times": 2}).encode())
    urllib.request.urlopen(request, timeout=20).close()
    codes = [ask(standin, contents(text))[0] for _ in range(3)]
    with urllib.request.urlopen(standin.url + "/_count", timeout=20) as reply:
        count = json.load(reply)
    with urllib.request.urlopen(standin.url + "/_log", timeout=20) as reply:
        log = json.load(reply)
    ok(codes == [503, 503, 200] and count["generate"] == 3
       and [e["status"] for e in log] == codes, "stand-in: control, count and log", count)


def main():
    with tempfile.TemporaryDirectory() as folder, GeminiStandin() as standin:
        test_standin(standin)
        test_modes(standin)
        test_calls_of_one_request(standin)
        test_models_that_are_gone(standin)
        test_breaker(standin)
        test_time(standin)
        test_transport(standin)
        test_tls(folder)
        test_requests(standin, folder)
    print("1..%d" % number)
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
