#!/usr/bin/python3
"""The page of a shared design, as its viewers get it through nginx: what it says to people and to programs that make
previews, what it never says, its headers, the form for a password without script, oEmbed, and what is there when the
link is not. The HTML is read by html5lib, which takes no mistake."""
import base64
import datetime
import hashlib
import os
import re
import sys
import urllib.parse
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
import html5lib
from html5lib.constants import DataLossWarning

from members import member
from stack import Stack
from studio import make, metric
from tap import is_, main, ok, test

warnings.simplefilter("ignore", DataLossWarning)
X = "{http://www.w3.org/1999/xhtml}"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PASSWORD = "seven small emeralds"
PUBLIC = "public, max-age=0, s-maxage=300, stale-while-revalidate=60, stale-if-error=86400"
LOCKED = "A design with a password"
TAGS = ("Surrogate-Key", "Cache-Tag", "xkey")


class Page:
    """What a browser, and a program that makes previews, finds in a reply."""

    def __init__(self, reply):
        self.reply = reply
        self.tree = html5lib.HTMLParser(strict=True).parse(reply.text)
        self.metas = {m.get("property") or m.get("name"): m.get("content") for m in self.all("meta")
                      if m.get("property") or m.get("name")}
        self.links = {link.get("rel"): link.get("href") for link in self.all("link")}

    def all(self, tag):
        return list(self.tree.iter(X + tag))

    def one(self, tag):
        found = self.all(tag)
        assert len(found) == 1, (tag, len(found))
        return found[0]

    def words(self, tag):
        return [" ".join("".join(element.itertext()).split()) for element in self.all(tag)]

    @property
    def facts(self):
        return dict(zip(self.words("dt"), self.words("dd")))


def share(client, identifier, **settings):
    reply = client.put("/v1/designs/%s/share" % identifier, json=settings)
    assert reply.status in (200, 201), reply
    made = reply.json()
    made["path"] = urllib.parse.urlsplit(made["url"]).path
    return made


def shared(**settings):
    """A design of its own with a link: no cache has seen it."""
    made = make(owner)
    link = share(owner, made["id"], **settings)
    link["design"] = made
    return link


def viewer(**keywords):
    return stack.client(**keywords)


def type_in(client, path, password, headers=None, **keywords):
    """What a browser sends for the form."""
    return client.post(path, body=urllib.parse.urlencode({"password": password}),
                       headers={**FORM, **(headers or {})}, **keywords)


def set_expiry(link, at):
    """Not by the owner, who cannot set a moment that is over; before anybody has looked."""
    done = stack.db.designs.update_one({"_id": link["design"]["id"]}, {"$set": {"share_settings.expires_at": at}})
    assert done.modified_count == 1


def secrets_of(link):
    """What no viewer may learn."""
    stored = stack.db.designs.find_one({"_id": link["design"]["id"]})
    account = stack.db.users.find_one({"_id": owner.user})
    found = [stored["_id"], owner.user, account["email"], account["full_name"], stored["metadata"]["ip_address"]]
    for image in stored["generated_images"]:
        found += [image["image_id"], image["image_url"]]
    assert account["full_name"] and found[4] == "127.0.0.77"
    return [str(word) for word in found if word]


def leaks(reply, link):
    everything = "".join("%s: %s\n" % pair for pair in reply.headers.items()) + reply.text
    return [word for word in secrets_of(link) if word in everything]


def is_page(reply, status, name):
    """Whatever happens below /s/, people get a page that runs nothing."""
    is_((reply.status, reply.header("Content-Type")), (status, "text/html; charset=utf-8"), name)
    policy = reply.header_all("Content-Security-Policy")
    ok(len(policy) == 1 and "default-src 'none'" in policy[0] and "unsafe" not in policy[0], name + ": a strict policy", policy)
    for header, value in (("X-Content-Type-Options", "nosniff"), ("Permissions-Policy", None)):
        is_(len(reply.header_all(header)), 1, "%s: %s" % (name, header))
        ok(value is None or reply.header(header) == value, "%s: %s says %s" % (name, header, value))
    page = Page(reply)
    is_((page.tree.get("lang"), len(page.all("h1")), page.metas["robots"]), ("en", 1, "noindex"), name + ": as a page must be")
    return page


# --- an open link -------------------------------------------------------------

@test
def the_page():
    link = shared(title="A ring of ivy", show_prompt=True)
    path, url = link["path"], link["url"]
    reply = viewer().get(path)
    page = is_page(reply, 200, "the page")
    is_(page.words("h1") + page.words("title"), ["A ring of ivy"] * 2, "its title")
    is_({k: v for k, v in page.facts.items() if k != "Designed"},
        {"Stone": "Sapphire, oval, 1.5 ct", "Colour": "Cornflower blue, transparent", "Metal": "Platinum", "Finish": "Polished"},
        "stone, metal, finish")
    ok(re.fullmatch(r"\d{1,2} [A-Z][a-z]+ 20\d\d", page.facts["Designed"]), "the date", page.facts)
    is_(page.words("figcaption"), ["AI-generated concept, not to scale"], "and what it is")
    ok("A ring for my grandmother, with leaves of ivy" in page.words("p"), "its prompt, as the owner wants", page.words("p"))
    image = page.all("img")[0]
    ok(re.fullmatch(re.escape(path) + r"/i/[0-9a-f]{32}\.webp", image.get("src")), "the picture below the link", image.attrib)
    ok(int(image.get("width")) > 0 and int(image.get("height")) > 0, "its sides are said")
    is_(image.get("alt"), "A ring of ivy: Sapphire, oval, 1.5 ct. Platinum, Polished", "its alt text")
    ok(re.fullmatch(re.escape(path) + r"/i/[0-9a-f]{32}\.webp \d+w, %s \d+w" % re.escape(image.get("src")), image.get("srcset")),
       "the thumbnail where that will do", image.get("srcset"))
    ok(page.tree.find(".//%smain/%sfigure/%simg" % (X, X, X)) is image, "it comes first")
    is_(page.links["canonical"], url, "canonical")
    is_(leaks(reply, link), [], "nothing leaks")
    pixel = html5lib.parse("".join(re.findall("(?s)<noscript>(.*?)</noscript>", reply.text))).findall(".//%simg" % X)
    is_([p.get("src") for p in pixel], [path + "/v.gif"], "who runs no script asks for a pixel")


@test
def headers_of_the_page():
    link = shared()
    client = viewer()
    reply = client.get(link["path"])
    is_(reply.header("Cache-Control"), PUBLIC, "for shared caches")
    is_(reply.header("Referrer-Policy"), "no-referrer", "no-referrer")
    is_(reply.header_all("Set-Cookie"), [], "no cookie")
    ok("cookie" not in (reply.header("Vary") or "").lower(), "not by cookie", reply.header("Vary"))
    tags = [re.split("[ ,]", reply.header(name)) for name in TAGS]
    ok(tags[0] == tags[1] == tags[2] and re.fullmatch("s-[0-9a-f]{16} d-[0-9a-f]{16}", " ".join(tags[0])), "tags", tags)
    tag = reply.header("ETag")
    ok(re.fullmatch('"[!#-~]+"', tag), "a strong ETag", tag)
    again = client.get(link["path"], headers={"If-None-Match": tag})
    is_((again.status, again.body), (304, b""), "304 for who has it")
    head = client.head(link["path"])
    is_((head.status, head.body, head.header("ETag"), head.header("Cache-Control")), (200, b"", tag, PUBLIC), "HEAD")
    is_(client.get(link["path"] + "?utm_source=letter").body, reply.body, "a query changes nothing")
    share(owner, link["design"]["id"], title="Another title")
    ok(client.get(link["path"]).header("ETag") != tag, "another title is another page")


@test
def the_policy_and_the_texts():
    page = Page(viewer().get(shared()["path"]))
    policy = dict(part.strip().split(" ", 1) for part in page.reply.header("Content-Security-Policy").split(";"))
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        digest = base64.b64encode(hashlib.sha256(page.one(tag).text.encode()).digest()).decode()
        is_(policy[directive], "'sha256-%s'" % digest, directive + " allows this one text")
    is_({k: v for k, v in policy.items() if k not in ("style-src", "script-src")},
        {"default-src": "'none'", "img-src": "'self'", "connect-src": "'self'", "form-action": "'none'",
         "base-uri": "'none'", "frame-ancestors": "'none'"}, "and the rest of it")
    ok(not any(name == "style" or name.startswith("on") for element in page.tree.iter() for name in element.attrib),
       "nothing is inline besides")
    foreign = [(element.tag, value) for element in page.tree.iter() for name, value in element.attrib.items()
               if name in ("src", "srcset", "action") and not value.startswith("/s/")]
    is_(foreign, [], "it asks nobody else for anything")


@test
def previews():
    link = shared(title="Ring & <Band>")
    page = Page(viewer().get(link["path"]))
    card = link["url"] + "/card.jpg"
    what = "Sapphire, oval, 1.5 ct. Platinum, Polished"
    is_({k: v for k, v in page.metas.items() if k.startswith("og:")}, {
        "og:type": "website", "og:site_name": "bezel", "og:url": link["url"], "og:title": "Ring & <Band>",
        "og:description": what + ". AI-generated concept, not to scale.", "og:image": card, "og:image:type": "image/jpeg",
        "og:image:width": "1200", "og:image:height": "630", "og:image:alt": "Ring & <Band>: " + what}, "OpenGraph")
    is_({k: v for k, v in page.metas.items() if k.startswith("twitter:")}, {
        "twitter:card": "summary_large_image", "twitter:title": "Ring & <Band>",
        "twitter:description": what + ". AI-generated concept, not to scale.", "twitter:image": card,
        "twitter:image:alt": "Ring & <Band>: " + what}, "Twitter")
    discovery = [e for e in page.all("link") if e.get("type") == "application/json+oembed"]
    is_(len(discovery), 1, "a link to oEmbed")
    found = urllib.parse.urlsplit(discovery[0].get("href"))
    is_(urllib.parse.parse_qs(found.query), {"url": [link["url"]], "format": ["json"]}, "of this page")
    reply = viewer().get("%s?%s" % (found.path, found.query))
    is_((reply.status, reply.json()["title"]), (200, "Ring & <Band>"), "which works")


@test
def words_of_all_kinds():
    for title in ("</title><script>alert(1)</script>", "\" onload=\"alert(1)", "'quotes' & ampersands &amp;", "x" * 120,
                  "טבעת עם ספיר", "خاتم", "💍 für Zoë", "a\u200fb", "{{7*7}}${7*7}<%= 7 %>"):
        page = Page(viewer().get(shared(title=title)["path"]))
        is_((page.words("h1"), page.words("title"), page.metas["og:title"]), ([title], [title], title), "as it was typed: %r" % title)
        is_((len(page.all("script")), page.one("h1").get("dir")), (1, "auto"), "one script, ours")
    prompt = "<img src=x onerror=alert(1)>\n\"Zwölf\" kleine " + "Donaudampfschifffahrt" * 20
    made = make(owner, original_prompt=prompt)
    link = share(owner, made["id"], show_prompt=True)
    page = Page(viewer().get(link["path"]))
    said = [p for p in page.all("p") if p.get("class") == "said"]
    is_([p.text for p in said], [prompt], "a prompt with lines")
    share(owner, made["id"], show_prompt=False)
    reply = viewer().get(link["path"])
    ok("Donau" not in reply.text and "onerror" not in reply.text, "and not when the owner wants it no more")


@test
def one_read():
    links = [shared() for _ in range(5)]
    stack.client().get(links[0]["path"])
    before = metric(stack, "bezel_database_commands_total")
    for link in links[1:]:
        assert viewer().get(link["path"]).status == 200
    is_(metric(stack, "bezel_database_commands_total") - before, 4, "a page costs one command")
    before, asked = metric(stack, "bezel_database_commands_total"), metric(stack, "bezel_http_requests_total")
    for link in links[1:]:
        path = link["path"]
        for forged in (path[:-1] + ("A" if path[-1] != "A" else "B"), path[:7] + ("A" if path[7] != "A" else "B") + path[8:], path[:-1]):
            assert viewer().get(forged).status == 404
    is_(metric(stack, "bezel_database_commands_total") - before, 0, "a forged one none")
    is_(metric(stack, "bezel_http_requests_total") - asked, 2, "nor a worker: two requests are ours, for these figures")


@test
def never_longer_than_it_lives():
    link = shared()
    set_expiry(link, datetime.datetime.utcnow() + datetime.timedelta(seconds=200))
    reply = viewer().get(link["path"])
    found = {k: int(v) for k, v in re.findall(r"([a-z-]+)=(\d+)", reply.header("Cache-Control"))}
    ok(100 <= found["s-maxage"] <= 200 and found["s-maxage"] + found["stale-if-error"] <= 200
       and found["s-maxage"] + found["stale-while-revalidate"] <= 200 and found["max-age"] == 0, "a link that ends soon", found)
    link = shared()
    set_expiry(link, datetime.datetime.utcnow() + datetime.timedelta(hours=10))
    found = {k: int(v) for k, v in re.findall(r"([a-z-]+)=(\d+)", viewer().get(link["path"]).header("Cache-Control"))}
    ok(found["s-maxage"] == 300 and found["stale-while-revalidate"] == 60 and 30000 < found["stale-if-error"] <= 35700,
       "one that ends in some hours", found)
    ok("Shared until" in viewer().get(link["path"]).text, "and it says when")
    link = shared(expires_at=None)
    reply = viewer().get(link["path"])
    ok("Shared until" not in reply.text and reply.header("Cache-Control") == PUBLIC, "one that never ends")


# --- no link -------------------------------------------------------------------

@test
def nothing_here():
    revoked, trashed, gone, gone_page = shared(), shared(), shared(), shared()
    assert owner.delete("/v1/designs/%s/share" % revoked["design"]["id"]).status == 204
    assert owner.delete("/v1/designs/%s" % trashed["design"]["id"]).status == 204
    assert owner.delete("/v1/designs/%s" % gone["design"]["id"]).status == 204
    assert owner.delete("/v1/designs/%s?purge=true" % gone["design"]["id"]).status == 204
    token = gone_page["path"][3:]
    wrong = {"revoked": revoked["path"], "in the trash": trashed["path"], "deleted": gone["path"],
             "forged": "/s/" + token[:-1] + ("A" if token[-1] != "A" else "B"), "another handle": "/s/B" + token[1:],
             "cut": "/s/" + token[:-1], "longer": "/s/" + token + "A", "none": "/s/x", "odd": "/s/%C3%A4",
             "below": "/s/" + token + "/nothing/there"}
    bodies, headers = {}, {}
    for name, path in wrong.items():
        reply = viewer().get(path)
        is_page(reply, 404, name)
        bodies[name] = reply.body
        headers[name] = sorted((k, v) for k, v in reply.headers.items() if k not in ("Date", "X-Request-Id", "X-Cache"))
        is_(reply.header("Cache-Control"), "no-store", name + ": no-store")
    is_({body for body in bodies.values()}, {bodies["forged"]}, "the same bytes")
    # X-Cache is told to this machine alone; what cannot be a token takes another way through nginx.
    alike = ("revoked", "in the trash", "deleted", "another handle")
    is_([name for name in alike if headers[name] != headers["forged"]], [], "the same headers")
    ok(not any(name in str(headers) for name in (*TAGS, "ETag")), "without tag")
    is_(type_in(viewer(), revoked["path"], PASSWORD).body, bodies["forged"], "for who types a password too")
    is_(viewer().get(gone_page["path"]).status, 200, "the true one is there")


@test
def over():
    link = shared(title="Ivy for Ada")
    set_expiry(link, datetime.datetime.utcnow() - datetime.timedelta(seconds=5))
    reply = viewer().get(link["path"])
    page = is_page(reply, 410, "a link that has ended")
    is_(page.words("h1"), ["This link has expired"], "it says so")
    is_((reply.header("Cache-Control"), reply.header("ETag"), reply.header("xkey")), ("no-store", None, None), "no cache holds it")
    ok("Ivy" not in reply.text and "Sapphire" not in reply.text, "and nothing of the design")
    is_(leaks(reply, link), [], "nothing leaks")
    is_(type_in(viewer(), link["path"], PASSWORD).status, 410, "a password does not help")


@test
def other_methods():
    link = shared()
    for method in ("PUT", "DELETE", "PATCH"):
        reply = viewer().request(method, link["path"])
        ok(reply.status == 405 and "GET" in reply.header("Allow"), "%s: 405" % method, reply)
    reply = viewer().post(link["path"], json={"password": PASSWORD})
    is_page(reply, 415, "JSON is not the form")


# --- a link with a password -----------------------------------------------------

@test
def the_form():
    link = shared(title="Ivy for Ada", password=PASSWORD, show_prompt=True)
    path = link["path"]
    reply = viewer().get(path)
    page = is_page(reply, 200, "the form")
    is_((page.words("h1"), page.words("title"), page.metas.get("og:title")), ([LOCKED], [LOCKED], LOCKED), "says what it is")
    is_((reply.header("Cache-Control"), reply.header("ETag")) + tuple(reply.header(t) for t in TAGS),
        ("private, no-store", None, None, None, None), "no cache holds it, and it has no tag")
    ok(not re.search("(?i)ivy|for ada|sapphire|platinum|grandmother|card\.jpg|og:image|oembed|/i/", re.sub("(?s)<style>.*?</style>", "", reply.text)),
       "nothing of the design")
    is_(leaks(reply, link), [], "nothing leaks")
    form, field = page.one("form"), page.one("input")
    is_((form.get("method"), form.get("action"), field.get("name"), field.get("type")), ("post", None, "password", "password"),
        "a form to its own address")
    is_([label.get("for") for label in page.all("label")], [field.get("id")], "with a label")
    is_(reply.header("Referrer-Policy"), "same-origin", "so that the form's Origin is sent")

    client = viewer()
    reply = type_in(client, path, "seven small rubies")
    page = is_page(reply, 403, "a wrong one")
    ok("That is not the password" in reply.text and page.one("input").get("aria-describedby") == "fault", "is told")
    is_((reply.header_all("Set-Cookie"), client.cookies), ([], {}), "no cookie")
    is_page(type_in(client, path, ""), 422, "none")
    is_page(client.post(path, body="word=x", headers=FORM), 422, "another field")
    is_page(client.post(path, body="password=%zz", headers=FORM), 400, "broken text")

    reply = type_in(client, path, PASSWORD)
    is_((reply.status, reply.header("Location"), reply.body), (303, path, b""), "the right one leads back")
    is_(reply.header("Cache-Control"), "private, no-store", "no cache holds that")
    cookies = reply.header_all("Set-Cookie")
    ok(len(cookies) == 2 and all("HttpOnly" in c and "SameSite=Lax" in c and "Domain" not in c for c in cookies), "two cookies", cookies)
    token = path[3:]
    is_(sorted(re.search("Path=([^;]*)", c).group(1) for c in cookies), ["/s/" + token, "/v1/shares/" + token], "for this link alone")
    reply = client.get(path)
    page = is_page(reply, 200, "the page behind it")
    ok("Ivy for Ada" in page.words("h1") and "A ring for my grandmother, with leaves of ivy" in page.words("p"), "is whole")
    is_((reply.header("Cache-Control"), reply.header("ETag")) + tuple(reply.header(t) for t in TAGS),
        ("private, no-store", None, None, None, None), "and for this viewer alone")
    ok("og:image" not in page.metas and "canonical" not in page.links, "it makes no previews")
    is_(leaks(reply, link), [], "nothing leaks")
    is_(Page(viewer().get(path)).words("h1"), [LOCKED], "others have the form")

    other = shared(password=PASSWORD)
    is_(Page(client.get(other["path"])).words("h1"), [LOCKED], "the cookie opens no other link")
    value = client.cookies.copy()
    client.cookies = {name: v[:-1] + ("A" if v[-1] != "A" else "B") for name, v in value.items()}
    is_(Page(client.get(path)).words("h1"), [LOCKED], "a forged one nothing")
    client.cookies = value
    share(owner, link["design"]["id"], password="eight small emeralds")
    is_(Page(client.get(path)).words("h1"), [LOCKED], "another password ends it")
    share(owner, link["design"]["id"], password=None)
    is_(Page(viewer().get(path)).words("h1"), ["Ivy for Ada"], "without one it is open")
    reply = type_in(viewer(), path, "whatever it was")
    is_((reply.status, reply.header("Location"), reply.header_all("Set-Cookie")), (303, path, []), "who had the form open gets there")


@test
def forms_of_others():
    path = shared(password=PASSWORD)["path"]
    for name, headers, origin in (
            ("from another site", {"Sec-Fetch-Site": "cross-site"}, True), ("from a sister site", {"Sec-Fetch-Site": "same-site"}, True),
            ("of another origin", {}, "https://evil.example"), ("of no origin", {}, "null"), ("without a word", {}, False)):
        reply = type_in(viewer(), path, PASSWORD, headers=headers, origin=origin)
        is_page(reply, 403, name)
        is_(reply.header_all("Set-Cookie"), [], name + ": no cookie")
    reply = type_in(viewer(), path, PASSWORD, headers={"Sec-Fetch-Site": "same-origin"}, origin="null")
    is_(reply.status, 303, "a browser's own word counts")


@test
def guessing():
    path = shared(password=PASSWORD)["path"]
    client = viewer()
    statuses = [type_in(client, path, "guess number %d" % n).status for n in range(5)]
    is_(statuses, [403] * 5, "five guesses")
    reply = type_in(client, path, PASSWORD)
    page = is_page(reply, 429, "then even the right one waits")
    ok(int(reply.header("Retry-After")) > 0, "Retry-After")
    ok(re.search(r"try again in \d+ (second|minute|hour)", " ".join(page.words("p"))), "and it says for how long", page.words("p"))
    is_(page.one("input").get("aria-invalid"), "true", "at the form")
    is_(type_in(client, shared(password=PASSWORD)["path"], PASSWORD).status, 303, "another link is another matter")


# --- oEmbed ----------------------------------------------------------------------

def oembed(**params):
    return viewer(allowed={501}).get("/v1/oembed?" + urllib.parse.urlencode(params))


@test
def embedding():
    link = shared(title="Ivy </script>\u2028")
    reply = oembed(url=link["url"])
    is_((reply.status, reply.header("Content-Type"), reply.header("Cache-Control")), (200, "application/json", "no-store"), "a photo")
    whole = {"version": "1.0", "type": "photo", "title": "Ivy </script>\u2028", "provider_name": "bezel",
             "provider_url": stack.base_url, "cache_age": 3600, "url": link["url"] + "/card.jpg", "width": 1200, "height": 630}
    is_(reply.json(), whole, "all that there is to say")
    is_(leaks(reply, link), [], "nothing leaks")
    for name, more in (("a query", "?utm=1"), ("a fragment", "#top")):
        is_(oembed(url=link["url"] + more).json(), whole, "with " + name)
    is_(oembed(url=link["url"], format="json", dnt="true").json(), whole, "with what others add")
    for sides, want in (({"maxwidth": 600}, (600, 315)), ({"maxheight": 63}, (120, 63)), ({"maxwidth": 5000}, (1200, 630)),
                        ({"maxwidth": 600, "maxheight": 100}, (190, 100)), ({"maxwidth": 1, "maxheight": 1}, (1, 1))):
        got = oembed(url=link["url"], **sides).json()
        is_((got["width"], got["height"]), want, "%r" % sides)


@test
def not_embedding():
    link, locked, ended = shared(), shared(password=PASSWORD), shared()
    set_expiry(ended, datetime.datetime.utcnow() - datetime.timedelta(seconds=5))
    token = link["path"][3:]
    reply = oembed(url=locked["url"])
    is_((reply.status, reply.json()["code"]), (401, "not_public"), "a password")
    is_(leaks(reply, locked), [], "nothing leaks")
    nowhere = {"ended": ended["url"], "forged": link["url"][:-1] + ("A" if token[-1] != "A" else "B"),
               "elsewhere": "https://evil.example/s/" + token, "its beginning": stack.base_url + ".evil.example/s/" + token,
               "a port more": stack.base_url + "0/s/" + token, "the card": link["url"] + "/card.jpg", "the studio": stack.base_url + "/",
               "another scheme": "javascript:alert(1)", "nothing": "", "a design": "%s/v1/designs/%s" % (stack.base_url, link["design"]["id"])}
    for name, url in nowhere.items():
        is_(oembed(url=url).status, 404, name + ": 404")
    is_(oembed(url=link["url"], format="xml").status, 501, "XML: 501")
    for params in ({}, {"url": link["url"], "maxwidth": "0"}, {"url": link["url"], "maxheight": "-1"},
                   {"url": link["url"], "maxwidth": "1e3"}, {"url": link["url"], "maxwidth": "9" * 30}):
        is_(oembed(**params).status, 400, "%r: 400" % params)


stack = Stack(settings={"provider": "mem", "web_workers": 2, "job_workers": 1, "job_slots": 2, "login_failures": 5, "login_window_s": 86400,
                        "free_designs_monthly": 1000, "free_designs_daily": 1000, "share_daily": 1000}).start()
owner = member(stack, stack.client(address="127.0.0.77"), full_name="Ada Owner-Lovelace")
main()
