#!/usr/bin/python3
"""A stand-in for Google's Gemini image API on loopback, for tests.

It refuses what the service refuses, answers as the service was seen to answer, and
fails on demand. Only the standard library is used.

A scenario is chosen by a marker in any text of the prompt, [[mode]] or [[mode:arg]],
or for all prompts by POST /_control with {"mode": "503", "arg": "", "times": 2}
({"mode": null} ends it; {"reset": true} also empties log and counters). Modes:
see MODES below. [[sequence:503,slow=0.2,ok]] gives one answer after the other to the
same prompt, and the last one from then on. {"list": "503"} or "slow:2" is the scenario of
the list of models, {"page_most": 2} how many models a page of it has at most, and
{"other_methods": ["a-model"]} are in it but make no content.

  GET  /_log    requests so far: path, model, headers without the key, body with each
                picture replaced by its size and hash, mode, status
  GET  /_count  {"generate": n, "models": n, "refused": n, "peak": most at one time,
                "by_mode": {...}}
  GET  /v1beta/models

In a test: with GeminiStandin() as standin: ... standin.url, standin.count()
"""
import argparse
import base64
import binascii
import hashlib
import http.server
import json
import random
import re
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse
import zlib

KEY = "test-key-0123456789"
TYPE = "type.googleapis.com/google.rpc."

RATIOS = ("1:1 1:4 1:8 2:3 3:2 3:4 4:1 4:3 4:5 5:4 8:1 9:16 16:9 21:9").split()
SIZES = {"512": 0.5, "1K": 1, "2K": 2, "4K": 4}
PIXELS = {"1:1": (1024, 1024), "2:3": (832, 1248), "3:2": (1248, 832),
          "3:4": (864, 1184), "4:3": (1184, 864), "4:5": (896, 1152),
          "5:4": (1152, 896), "9:16": (768, 1344), "16:9": (1344, 768),
          "21:9": (1536, 672), "1:4": (512, 2048), "4:1": (2048, 512),
          "1:8": (384, 3072), "8:1": (3072, 384)}

# name: (format, tokens at 512, 1K, 2K, 4K)
MODELS = {
    "gemini-2.5-flash-image": ("png", (1290, 1290, 1290, 1290)),
    "gemini-3.1-flash-image": ("jpeg", (747, 1120, 1680, 2520)),
    "gemini-3.1-flash-lite-image": ("jpeg", (1120, 1120, 1120, 1120)),
    "gemini-3-pro-image": ("jpeg", (1120, 1120, 1120, 2000)),
}
# Known once; a new key is told so.
CLOSED_MODELS = ("gemini-2.0-flash-preview-image-generation",
                 "gemini-3.1-flash-image-preview")

MIMES = {"image/png": (b"\x89PNG",), "image/jpeg": (b"\xff\xd8\xff",),
         "image/webp": (b"RIFF",), "image/heic": (), "image/heif": ()}


# --- pictures ---------------------------------------------------------------

def png(width, height, seed=1):
    """A real PNG of noise of eleven values a byte: 1.5 MB at 1024 x 1024."""
    noise = random.Random(seed).randbytes(width * height * 3).translate(
        bytes(90 + i % 11 * 8 for i in range(256)))
    rows = b"".join(b"\0" + noise[y * width * 3:(y + 1) * width * 3]
                    for y in range(height))

    return (b"\x89PNG\r\n\x1a\n"
            + png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + png_chunk(b"IDAT", zlib.compress(rows, 1)) + png_chunk(b"IEND", b""))


def png_chunk(kind, data):
    return (struct.pack(">I", len(data)) + kind + data
            + struct.pack(">I", zlib.crc32(kind + data)))


def jpeg(width, height, seed=1):
    """A real baseline JPEG, 0.75 MB at 1024 x 1024. All Huffman codes are eight bits
    long and all coefficients too, so that blocks can be put together byte by byte."""
    def segment(marker, data):
        return bytes((0xff, marker)) + struct.pack(">H", len(data) + 2) + data

    def table(kind, symbols):
        counts = [0] * 16
        counts[7] = len(symbols)
        return segment(0xc4, bytes((kind,)) + bytes(counts) + bytes(symbols))

    blocks = ((width + 7) // 8) * ((height + 7) // 8)
    # Amplitudes whose byte is not 0xff need no stuffing; two of size 8, 22 a block.
    noise = random.Random(seed).randbytes(blocks * 22).translate(
        bytes(min(i, 0xfe) for i in range(256)))
    out = []
    for i in range(blocks):
        out.append(b"\x00\xc8" if i % 2 == 0 else b"\x00\x37")  # DC: +200, -200
        for a in noise[i * 22:(i + 1) * 22]:
            out.append(bytes((0x01, a)))                         # AC: run 0, size 8
        out.append(b"\x00")                                      # end of block
    return (b"\xff\xd8" + segment(0xe0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
            + segment(0xdb, b"\0" + b"\1" * 64)
            + segment(0xc0, struct.pack(">BHHBBBB", 8, height, width, 1, 1, 0x11, 0))
            + table(0x00, [8]) + table(0x10, [0, 8])
            + segment(0xda, b"\1\1\0\0\x3f\0") + b"".join(out) + b"\xff\xd9")


class Pictures:
    """Makes each size once; every answer gets bytes of its own by a comment."""

    def __init__(self):
        self.lock = threading.Lock()
        self.made = {}
        self.number = 0

    def get(self, kind, width, height):
        with self.lock:
            if (kind, width, height) not in self.made:
                make = png if kind == "png" else jpeg
                self.made[kind, width, height] = make(width, height)
            picture = self.made[kind, width, height]
            self.number += 1
            note = b"stand-in %d" % self.number
        if kind == "png":
            return picture[:-12] + png_chunk(b"tEXt", b"Comment\0" + note) + picture[-12:]
        return picture[:2] + b"\xff\xfe" + struct.pack(">H", len(note) + 2) + note + picture[2:]


# --- what is refused --------------------------------------------------------

class Refusal(Exception):
    def __init__(self, code, status, message, details=None):
        super().__init__(message)
        self.code = code
        self.body = error(code, status, message, details)


def error(code, status, message, details=None):
    body = {"code": code, "message": message, "status": status}
    if details is not None:
        body["details"] = details
    return {"error": body}


def bad(message, violations=None):
    details = None
    if violations:
        details = [{"@type": TYPE + "BadRequest", "fieldViolations": violations}]
    return Refusal(400, "INVALID_ARGUMENT", message, details)


def only(value, where, names):
    """The service's JSON reader: an object with these names only."""
    if not isinstance(value, dict):
        raise bad("Invalid value at '%s' (type mismatch)." % where,
                  [{"field": where, "description": "Starting an object expected."}])
    for name in value:
        if name not in names:
            text = ("Invalid JSON payload received. Unknown name \"%s\" at '%s': "
                    "Cannot find field." % (name, where))
            raise bad(text, [{"field": where, "description": text}])
    return value


def typed(value, kind, where):
    if kind is int and isinstance(value, bool) or not isinstance(value, kind):
        raise bad("Invalid value at '%s' (%s)." % (where, kind))
    return value


def sniff(data):
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "image/png"
    if data[:3] == b"\xff\xd8\xff":
        return "image/jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp":
        return "image/heic"
    return None


def check_inline(inline, where):
    only(inline, where, ("mimeType", "data"))
    mime = typed(inline.get("mimeType"), str, where + ".mimeType")
    try:
        data = base64.b64decode(typed(inline.get("data"), str, where + ".data"),
                                validate=True)
    except (binascii.Error, ValueError):
        raise bad("Invalid value at '%s.data' (TYPE_BYTES), Base64 decoding failed."
                  % where) from None
    if mime not in MIMES:
        raise bad("Unsupported MIME type: %s" % mime)
    found = sniff(data)
    if found is None:
        raise bad("Unable to process input image. Please retry or report in "
                  "https://developers.generativeai.google/guide/troubleshooting")
    if found != mime and not (found == "image/heic" and mime == "image/heif"):
        raise bad("Unhandled generated data mime type: %s" % found)
    return data


def check_parts(content, where, model, nth):
    texts, pictures = [], []
    parts = typed(content.get("parts"), list, where + ".parts")
    for i, part in enumerate(parts):
        at = "%s.parts[%d]" % (where, i)
        only(part, at, ("text", "inlineData", "fileData", "thought", "thoughtSignature"))
        if sum(name in part for name in ("text", "inlineData", "fileData")) != 1:
            raise bad("%s: required oneof field 'data' must have one initialized field"
                      % at)
        if "text" in part:
            texts.append(typed(part["text"], str, at + ".text"))
        elif "inlineData" in part:
            pictures.append(check_inline(part["inlineData"], at + ".inlineData"))
            if (content.get("role") == "model" and model.startswith("gemini-3")
                    and "thoughtSignature" not in part):
                raise bad("Image part is missing a thought_signature in content "
                          "position %d, part position %d." % (nth, i + 1))
        else:
            raise bad("Unsupported file URI.")
    return texts, pictures


def check_image_config(config, model):
    only(config, "generation_config.image_config", ("aspectRatio", "imageSize"))
    ratio = config.get("aspectRatio")
    if ratio is not None:
        if ratio not in RATIOS:
            raise bad("Invalid aspect ratio %s" % (ratio,))
        if model.startswith("gemini-2.5") and ratio in ("1:4", "4:1", "1:8", "8:1"):
            raise bad("Aspect ratio %s is not supported for this model" % ratio)
    size = config.get("imageSize")
    if size is not None:
        typed(size, str, "generation_config.image_config.image_size")
        if not model.startswith("gemini-2.5") and size not in SIZES:
            raise bad("Invalid image size %s" % size)


def check_config(config, model):
    only(config, "generation_config", (
        "responseModalities", "imageConfig", "candidateCount", "seed", "temperature",
        "topP", "topK", "maxOutputTokens", "stopSequences"))
    for word in config.get("responseModalities", []):
        if word not in ("TEXT", "IMAGE"):
            raise bad("Invalid value at 'generation_config.response_modalities'")
    if typed(config.get("candidateCount", 1), int, "candidate_count") != 1:
        raise bad("Multiple candidates is not enabled for this model")
    seed = typed(config.get("seed", 0), int, "generation_config.seed")
    if not -2 ** 31 <= seed < 2 ** 31:
        raise bad("Invalid value at 'generation_config.seed' (TYPE_INT32), %d" % seed)
    for name in ("temperature", "topP", "topK", "maxOutputTokens"):
        typed(config.get(name, 1), (int, float), "generation_config." + name)
    check_image_config(config.get("imageConfig", {}), model)


def check_safety(settings):
    seen = set()
    for i, setting in enumerate(typed(settings, list, "safety_settings")):
        only(setting, "safety_settings[%d]" % i, ("category", "threshold"))
        if setting.get("category") not in (
                "HARM_CATEGORY_HARASSMENT", "HARM_CATEGORY_HATE_SPEECH",
                "HARM_CATEGORY_SEXUALLY_EXPLICIT", "HARM_CATEGORY_DANGEROUS_CONTENT",
                "HARM_CATEGORY_CIVIC_INTEGRITY") or setting["category"] in seen:
            raise bad("Invalid value at 'safety_settings[%d].category'" % i)
        if setting.get("threshold") not in (
                "BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH",
                "BLOCK_NONE", "OFF"):
            raise bad("Invalid value at 'safety_settings[%d].threshold'" % i)
        seen.add(setting["category"])


def check_request(request, model):
    """Returns (texts of the user, number of pictures, generationConfig)."""
    only(request, "", ("systemInstruction", "contents", "generationConfig",
                       "safetySettings"))
    if not request.get("contents"):
        raise bad("* GenerateContentRequest.contents: contents is not specified")
    if "systemInstruction" in request:
        system = only(request["systemInstruction"], "system_instruction",
                      ("parts", "role"))
        check_parts(system, "system_instruction", model, 0)
    texts, pictures = [], 0
    for i, content in enumerate(typed(request["contents"], list, "contents")):
        only(content, "contents[%d]" % i, ("role", "parts"))
        if content.get("role", "user") not in ("user", "model"):
            raise bad("Please use a valid role: user, model.")
        some, shown = check_parts(content, "contents[%d]" % i, model, i + 1)
        if content.get("role", "user") == "user":
            texts += some
        pictures += len(shown)
    if not texts and not pictures:
        raise bad("Request has empty input.")
    config = request.get("generationConfig", {})
    check_config(config, model)
    check_safety(request.get("safetySettings", []))
    return texts, pictures, config


# --- what is answered -------------------------------------------------------

class Answer:
    """One generateContent call: what the scenarios are made of."""

    def __init__(self, server, model, texts, pictures, config):
        self.server = server
        self.model = model
        self.config = config
        self.kind, self.tokens = MODELS[model]
        self.prompt_tokens = sum(len(t) for t in texts) // 4 + 258 * pictures
        self.id = "st%022x" % server.next_number()

    def size(self):
        image = self.config.get("imageConfig", {})
        width, height = PIXELS[image.get("aspectRatio", "1:1")]
        scale = 1 if self.kind == "png" else SIZES[image.get("imageSize", "1K")]
        return int(width * scale), int(height * scale)

    def image_tokens(self):
        size = self.config.get("imageConfig", {}).get("imageSize", "1K")
        at = list(SIZES).index(size) if size in SIZES else 1
        return self.tokens[at]

    def picture(self, kind=None):
        return self.server.pictures.get(kind or self.kind, *self.size())

    def picture_part(self, data=None, mime=None):
        data = self.picture() if data is None else data
        return {"inlineData": {"mimeType": mime or "image/" + self.kind,
                               "data": base64.b64encode(data).decode()}}

    def usage(self, image=True, text=0, thoughts=0):
        usage = {"promptTokenCount": self.prompt_tokens,
                 "totalTokenCount": self.prompt_tokens,
                 "promptTokensDetails": [{"modality": "TEXT",
                                          "tokenCount": self.prompt_tokens}]}
        if image or text:
            tokens = self.image_tokens() if image else 0
            usage["candidatesTokenCount"] = tokens + text
            usage["totalTokenCount"] += tokens + text + thoughts
            usage["candidatesTokensDetails"] = [
                {"modality": "IMAGE", "tokenCount": tokens}] if image else []
        if thoughts:
            usage["thoughtsTokenCount"] = thoughts
        usage["serviceTier"] = "standard"
        return usage

    def reply(self, candidates, usage, **more):
        body = {"candidates": candidates, "usageMetadata": usage,
                "modelVersion": self.model, "responseId": self.id}
        body.update(more)
        return {name: v for name, v in body.items() if v is not None}

    def success(self, parts=None, usage=None):
        if parts is None:
            parts = [self.picture_part()]
            text = 0
            if "TEXT" in self.config.get("responseModalities", ["TEXT", "IMAGE"]):
                parts.insert(0, {"text": "Here is your image: "})
                text = 6
            usage = usage or self.usage(text=text)
        return self.reply([{"content": {"role": "model", "parts": parts},
                            "finishReason": "STOP", "index": 0}],
                          usage or self.usage())

    def no_picture(self, finish, content=None, **more):
        candidate = {"finishReason": finish, "index": 0}
        if content is not None:
            candidate["content"] = content
        candidate.update(more)
        return self.reply([candidate], self.usage(image=False))


def quota(message, quota_id, delay):
    details = [
        {"@type": TYPE + "Help", "links": [
            {"description": "Learn more about Gemini API quotas",
             "url": "https://ai.google.dev/gemini-api/docs/rate-limits"}]},
        {"@type": TYPE + "QuotaFailure", "violations": [
            {"quotaMetric": "generativelanguage.googleapis.com/"
                            "generate_requests_per_model",
             "quotaId": quota_id, "quotaValue": "500",
             "quotaDimensions": {"location": "global",
                                 "model": "gemini-2.5-flash-preview-image"}}]}]
    if delay is not None:
        details.append({"@type": TYPE + "RetryInfo", "retryDelay": delay})
    return 429, error(429, "RESOURCE_EXHAUSTED", message, details)


OVER = ("You exceeded your current quota, please check your plan and billing details. "
        "For more information on this error, head to: "
        "https://ai.google.dev/gemini-api/docs/rate-limits.")
MINUTE = "GenerateRequestsPerMinutePerProjectPerModel"
DAY = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
BAD_KEY = error(400, "INVALID_ARGUMENT",
                "API key not valid. Please pass a valid API key.",
                [{"@type": TYPE + "ErrorInfo", "reason": "API_KEY_INVALID",
                  "domain": "googleapis.com",
                  "metadata": {"service": "generativelanguage.googleapis.com"}}])
HTML = b"<!DOCTYPE html><html><head><title>%d</title></head><body>%s</body></html>"
MIB = 1024 * 1024


def image_safety(answer, _):
    return 200, answer.no_picture(
        "IMAGE_SAFETY", {}, finishMessage="Unable to show the generated image. You will "
        "not be charged for blocked images. Try rephrasing the prompt.")


def prompt_blocked(answer, arg):
    body = answer.reply(None, answer.usage(image=False),
                        promptFeedback={"blockReason": arg or "PROHIBITED_CONTENT"})
    return 200, body


def text_only_stop(answer, _):
    return 200, answer.reply(
        [{"content": {"role": "model", "parts": [
            {"text": "I am sorry, I cannot make that picture."}]},
          "finishReason": "STOP", "index": 0}], answer.usage(image=False, text=12))


def mime_lie(answer, _):
    data = answer.picture("jpeg" if answer.kind == "png" else "png")
    return 200, answer.success([answer.picture_part(data)], answer.usage())


def thought_parts(answer, _):
    draft = answer.picture_part(png(64, 64, 7), "image/png")
    draft["thought"] = True
    last = answer.picture_part()
    last["thoughtSignature"] = base64.b64encode(b"signature").decode()
    return 200, answer.success([{"text": "**Planning**", "thought": True}, draft, last],
                               answer.usage(thoughts=180))


def missing_usage(answer, _):
    body = answer.success()
    del body["usageMetadata"]
    return 200, body


def usage_without_details(answer, _):
    body = answer.success()
    del body["usageMetadata"]["candidatesTokensDetails"]
    return 200, body


def bad_base64(answer, _):
    part = answer.picture_part()
    part["inlineData"]["data"] = part["inlineData"]["data"][:-1001]
    return 200, answer.success([part], answer.usage())


def cut_picture(answer, _):
    return 200, answer.success([answer.picture_part(answer.picture()[:900000])],
                               answer.usage())


def not_a_picture(answer, _):
    return 200, answer.success([answer.picture_part(b"GIF89a" + b"\0" * 5000)],
                               answer.usage())


def undecodable(answer, _):
    """From its first chunk to its last a PNG, but its pixels are noise."""
    width, height = answer.size()
    return 200, answer.success([answer.picture_part(
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + png_chunk(b"IDAT", random.Random(5).randbytes(1 << 20))
        + png_chunk(b"IEND", b""), "image/png")], answer.usage())


def snake_case(answer, _):
    part = {"inline_data": {"mime_type": "image/" + answer.kind,
                            "data": answer.picture_part()["inlineData"]["data"]}}
    return 200, answer.reply([{"content": {"role": "model", "parts": [part]},
                               "finish_reason": "STOP"}], answer.usage())


def two_candidate_parts(answer, _):
    return 200, answer.success(
        [{"text": "First"}, answer.picture_part(png(64, 64, 3), "image/png"),
         {"text": "then"}, answer.picture_part()], answer.usage(text=9))


# Each: function(answer, arg) -> (status, JSON or bytes), perhaps with headers.
MODES = {
    "ok": lambda a, _: (200, a.success()),
    "no_image": lambda a, _: (200, a.no_picture("NO_IMAGE", {})),
    "no_content": lambda a, _: (200, a.no_picture("NO_IMAGE")),
    "image_safety": image_safety,
    "finish": lambda a, arg: (200, a.no_picture(arg)),
    "text_only_stop": text_only_stop,
    "prompt_blocked": prompt_blocked,
    "empty_candidates": lambda a, _: (200, a.reply([], a.usage(image=False))),
    "mime_lie": mime_lie,
    "thought_parts": thought_parts,
    "two_pictures": two_candidate_parts,
    "missing_usage": missing_usage,
    "usage_without_details": usage_without_details,
    "bad_base64": bad_base64,
    "cut_picture": cut_picture,
    "not_a_picture": not_a_picture,
    "undecodable": undecodable,
    "snake_case": snake_case,
    "array": lambda a, _: (200, [a.success()]),
    "429_retry": lambda a, n: quota(
        OVER + "\nPlease retry in %ss." % (n or 34.286670503), MINUTE,
        "%ds" % float(n or 34)),
    "429_message": lambda a, n: (429, error(
        429, "RESOURCE_EXHAUSTED", OVER + " Please retry in %s." % (n or "47.434392449s"))),
    "429_plain": lambda a, _: (429, error(
        429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).")),
    "429_header": lambda a, n: (429, b"slow down", {"Retry-After": n or "17"}),
    "429_day": lambda a, _: quota(OVER + "\nPlease retry in 8h3m12.5s.", DAY, "28992s"),
    "429_billing": lambda a, _: (429, error(
        429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted. Please go to AI "
        "Studio at https://ai.studio/projects to manage your project and billing.")),
    "bad_key": lambda a, _: (400, BAD_KEY),
    "bad_request": lambda a, _: (400, error(400, "INVALID_ARGUMENT",
                                            "Request contains an invalid argument.")),
    "precondition": lambda a, _: (400, error(
        400, "FAILED_PRECONDITION", "User location is not supported for the API use.")),
    "401": lambda a, _: (401, error(401, "UNAUTHENTICATED",
                                    "Request had invalid authentication credentials.")),
    "key_denied": lambda a, _: (403, error(
        403, "PERMISSION_DENIED", "Permission denied: Consumer 'api_key:%s' has been "
        "suspended." % a.server.key, [{"@type": TYPE + "ErrorInfo",
                                       "reason": "CONSUMER_SUSPENDED",
                                       "domain": "googleapis.com"}])),
    "gone": lambda a, _: (404, gone(a.model)),
    "html_404": lambda a, _: (404, HTML % (404, b"The requested URL was not found")),
    "413": lambda a, _: (413, HTML % (413, b"Request Entity Too Large")),
    "redirect": lambda a, _: (302, b"", {"Location": "http://127.0.0.1:1/"}),
    "500": lambda a, _: (500, error(500, "INTERNAL", "An internal error has occurred.")),
    "html_502": lambda a, _: (502, HTML % (502, b"Bad Gateway")),
    "503": lambda a, _: (503, error(503, "UNAVAILABLE",
                                    "The service is currently unavailable.")),
    "503_long": lambda a, _: (503, error(503, "UNAVAILABLE", "\u00fcberlastet " * 60)),
    "504": lambda a, _: (504, error(504, "DEADLINE_EXCEEDED",
                                    "Deadline expired before operation could complete.")),
    "html_200": lambda a, _: (200, HTML % (200, b"Please log in")),
    "bad_json": lambda a, _: (200, json.dumps(a.success()).encode()[:-2]),
    "error_200": lambda a, _: (200, [error(503, "UNAVAILABLE", "The model is overloaded.")]),
}
# These do not answer in the usual way; see Handler.send_oddly().
ODD_MODES = ("slow", "stall", "truncated_body", "connection_reset", "huge_body",
             "chunked", "silent_close", "sequence")


def gone(model):
    if model in CLOSED_MODELS:
        return error(404, "NOT_FOUND", "This model models/%s is no longer available to "
                     "new users. Please update your code to use a newer model." % model)
    return error(404, "NOT_FOUND", "models/%s is not found for API version v1beta, or is "
                 "not supported for generateContent. Call ListModels to see the list of "
                 "available models and their supported methods." % model)


# --- the server -------------------------------------------------------------

MARKER = re.compile(r"\[\[([a-z0-9_]+)(?::([^\]]*))?\]\]")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "gemini-standin"
    sys_version = ""

    def log_message(self, *args):
        pass

    def send(self, status, body, headers=None):
        kind = "text/html; charset=UTF-8"
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
            kind = "application/json; charset=UTF-8"
        self.entry["status"] = status
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def begin(self, body):
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()
                   if name.lower() not in ("x-goog-api-key", "authorization")}
        self.entry = {"method": self.command, "path": path, "query": bool(query),
                      "headers": headers, "body_bytes": len(body), "status": None}
        return path, query

    def check_key(self, query):
        if "key=" in query:
            raise bad("The key belongs into the x-goog-api-key header.")
        key = self.headers.get("x-goog-api-key")
        if key is None:
            raise Refusal(403, "PERMISSION_DENIED", "Method doesn't allow unregistered "
                          "callers (callers without established identity). Please use "
                          "API Key or other form of API consumer identity to call this "
                          "API.")
        if key != self.server.key:
            refusal = Refusal(400, "", "")
            refusal.body = BAD_KEY
            raise refusal

    def do_GET(self):
        path, query = self.begin(b"")
        if path == "/_log":
            with self.server.lock:
                body = list(self.server.log)
            self.send(200, body)
        elif path == "/_count":
            self.send(200, self.server.count())
        elif path == "/v1beta/models":
            self.server.remember(self.entry)
            try:
                self.check_key(query)
                self.send_list(query)
            except Refusal as refusal:
                self.send(refusal.code, refusal.body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
        else:
            self.send(404, HTML % (404, b"not found"))

    def send_list(self, query):
        query = dict(urllib.parse.parse_qsl(query, strict_parsing=bool(query)))
        if set(query) - {"pageSize", "pageToken"}:
            raise bad("Invalid JSON payload received. Unknown name \"%s\": Cannot bind "
                      "query parameter." % sorted(query)[0])
        mode, _, arg = self.server.list_mode.partition(":")
        if mode == "slow":
            time.sleep(float(arg))
        elif mode:
            self.send_mode(Answer(self.server, next(iter(MODELS)), [], 0, {}), mode, arg)
            return
        names = ["embedding-001"] + [name for name in MODELS if name not in self.server.gone]
        first = int(query.get("pageToken", "from=0").partition("=")[2])
        last = first + min(int(query.get("pageSize", 50)), self.server.page_most)
        body = {"models": [
            {"name": "models/" + name, "version": "001", "displayName": name,
             "supportedGenerationMethods": ["embedContent"]
             if name == "embedding-001" or name in self.server.other_methods
             else ["generateContent", "countTokens"]} for name in names[first:last]]}
        if last < len(names):
            body["nextPageToken"] = "from=%d" % last
        self.send(200, body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, query = self.begin(body)
        if path == "/_control":
            self.send(200, self.server.control(json.loads(body or b"{}")))
            return
        self.server.remember(self.entry)
        try:
            self.check_key(query)
            self.generate(path, body)
        except Refusal as refusal:
            self.entry["refused"] = refusal.body["error"]["message"]
            self.send(refusal.code, refusal.body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def generate(self, path, body):
        found = re.fullmatch(r"/v1beta/models/([^/:]+):generateContent", path)
        if not found:
            self.send(404, HTML % (404, b"not found"))
            return
        self.entry["model"] = model = found.group(1)
        if self.headers.get_content_type() != "application/json":
            raise bad("Content-Type must be application/json.")
        try:
            request = json.loads(body)
        except ValueError as fault:
            raise bad("Invalid JSON payload received. %s" % fault) from None
        self.entry["request"] = without_pictures(request)
        if model not in MODELS or model in self.server.gone:
            self.send(404, gone(model))
            return
        texts, pictures, config = check_request(request, model)
        mode, arg = self.server.mode_for("\n".join(texts))
        self.entry["mode"] = mode
        answer = Answer(self.server, model, texts, pictures, config)
        if not any(text.strip() for text in texts) and mode == "ok":
            mode = "no_content"
        self.server.enter(1)
        try:
            time.sleep(self.server.delay_s)
            self.send_mode(answer, mode, arg)
        finally:
            self.server.enter(-1)

    def send_mode(self, answer, mode, arg):
        if mode in MODES:
            self.send(*MODES[mode](answer, arg))
        elif mode in ODD_MODES:
            self.send_oddly(answer, mode, arg)
        else:
            raise bad("stand-in: no mode %r" % mode)

    def send_oddly(self, answer, mode, arg):
        if mode == "slow":
            time.sleep(float(arg or 1))
            self.send(200, answer.success())
            return
        if mode == "silent_close":
            self.close_connection = True
            return
        if mode == "connection_reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                       struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        self.entry["status"] = 200
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        whole = json.dumps(answer.success()).encode()
        if mode in ("chunked", "huge_body"):
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.send_chunks(whole, int(arg or 70) * MIB if mode == "huge_body" else 0)
            return
        self.send_header("Content-Length", str(len(whole)))
        self.end_headers()
        self.wfile.write(whole[:len(whole) // 2])
        if mode == "stall":
            self.wfile.flush()
            time.sleep(float(arg or 60))
        self.close_connection = True

    def send_chunks(self, whole, filler):
        pieces = [whole[i:i + 65536] for i in range(0, len(whole), 65536)]
        if filler:
            pieces = [b'{"candidates":[{"content":{"parts":[{"inlineData":{"data":"']
            pieces += [b"A" * MIB] * (filler // MIB) + [b'"}}]}}]}']
        for piece in pieces + [b""]:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))


def without_pictures(value):
    """The request as it is logged: data becomes size and hash."""
    if isinstance(value, dict):
        if isinstance(value.get("data"), str) and "mimeType" in value:
            data = value["data"].encode()
            return {"mimeType": value["mimeType"], "base64_bytes": len(data),
                    "sha256": hashlib.sha256(data).hexdigest()}
        return {name: without_pictures(v) for name, v in value.items()}
    if isinstance(value, list):
        return [without_pictures(v) for v in value]
    return value


class GeminiStandin(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port=0, key=KEY, delay_s=0.0, gone_models=(), tls=None):
        super().__init__(("127.0.0.1", port), Handler)
        self.key = key
        self.delay_s = delay_s
        self.gone = set(gone_models)
        self.list_mode = ""
        self.page_most = 1000
        self.other_methods = ()
        self.lock = threading.Lock()
        self.log = []
        self.forced = None          # (mode, arg, times left or None)
        self.sequences = {}
        self.number = 0
        self.inside = self.peak = 0  # generateContent calls at one time
        self.pictures = Pictures()
        self.url = "%s://127.0.0.1:%d" % ("https" if tls else "http",
                                          self.server_address[1])
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.socket = context.wrap_socket(self.socket, server_side=True,
                                              do_handshake_on_connect=False)

    def handle_error(self, request, client_address):
        fault = sys.exc_info()[1]
        if not isinstance(fault, (ConnectionError, ssl.SSLError, ValueError, OSError)):
            super().handle_error(request, client_address)

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05},
                         daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.shutdown()
        self.server_close()

    def next_number(self):
        with self.lock:
            self.number += 1
            return self.number

    def enter(self, one):
        with self.lock:
            self.inside += one
            self.peak = max(self.peak, self.inside)

    def remember(self, entry):
        with self.lock:
            self.log.append(entry)

    def count(self):
        with self.lock:
            calls = [e for e in self.log if e["path"].endswith(":generateContent")]
            by_mode = {}
            for entry in calls:
                if "mode" in entry:
                    by_mode[entry["mode"]] = by_mode.get(entry["mode"], 0) + 1
            return {"generate": len(calls), "by_mode": by_mode, "peak": self.peak,
                    "models": sum(e["path"] == "/v1beta/models" for e in self.log),
                    "refused": sum("refused" in e for e in self.log)}

    def control(self, order):
        with self.lock:
            if order.get("reset"):
                self.log.clear()
                self.sequences.clear()
                self.forced = None
                self.peak = self.inside
                self.gone = set()
                self.list_mode, self.page_most, self.other_methods = "", 1000, ()
            if "gone_models" in order:
                self.gone = set(order["gone_models"])
            self.list_mode = order.get("list", self.list_mode)
            self.page_most = order.get("page_most", self.page_most)
            self.other_methods = order.get("other_methods", self.other_methods)
            if "delay_s" in order:
                self.delay_s = float(order["delay_s"])
            if "mode" in order:
                self.forced = order["mode"] and [order["mode"], order.get("arg"),
                                                 order.get("times")]
            return {"mode": self.forced, "gone_models": sorted(self.gone)}

    def mode_for(self, text):
        with self.lock:
            mode, arg = "ok", None
            found = MARKER.search(text)
            if found:
                mode, arg = found.groups()
            elif self.forced:
                mode, arg, times = self.forced
                if times is not None:
                    self.forced[2] = times - 1
                    if times <= 1:
                        self.forced = None
            if mode == "sequence":
                nth = self.sequences.get(text, 0)
                self.sequences[text] = nth + 1
                steps = (arg or "ok").split(",")
                mode, _, arg = steps[min(nth, len(steps) - 1)].strip().partition("=")
            return mode, arg or None


def main():
    parser = argparse.ArgumentParser(description="A stand-in for the Gemini image API.")
    parser.add_argument("--port", type=int, default=0, help="default: any free one")
    parser.add_argument("--key", default=KEY, help="default: %(default)s")
    parser.add_argument("--delay-s", type=float, default=0.0, help="before each answer")
    parser.add_argument("--gone", action="append", default=[], metavar="MODEL")
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    options = parser.parse_args()
    server = GeminiStandin(options.port, options.key, options.delay_s, options.gone,
                           options.tls)
    print(server.url, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
