"""documents.py - the data of the benchmark: designs of guests or members (principals.py), as bezel itself writes them.

Every field of a row is there, in its order and of its type: server.py compares one with a design that bezel has made.
The same seed gives the same words and ids; times are counted from the moment of the load, for a session
lives a week at most. The jobs and the log of calls from which such designs came are left out.
"""
import base64
import datetime
import hashlib
import hmac
import random
import uuid

from bson.int64 import Int64

import principals

SEED = 20240607
DESIGNS_EACH = 50
GALLERY = 100  # designs of one more owner, with thumbnails on the disk
SHARED = 0.1  # of members' designs; guests share none
OWNERS_LEAST = 200  # a guest's session takes 1000 designs: W3 needs some sessions

WORDS = ("delicate vintage rose gold engagement ring with a halo of pave diamonds around an oval sapphire "
         "art deco filigree open gallery milgrain edge twisted band leaf motif hand engraved nature inspired "
         "pendant asymmetric bezel modern minimal brushed platinum setting moonlight orchid vine lattice").split()
SPECIES = ("Sapphire", "Ruby", "Emerald", "Diamond", "Amethyst", "Opal", "Garnet", "Topaz")
CUTS = ("Oval", "Round", "Cushion", "Princess", "Pear", "Emerald", "Marquise")
COLORS = ("Blue", "Red", "Green", "Colorless", "Purple", "Padparadscha")
METALS = ("Rose Gold", "Yellow Gold", "White Gold", "Platinum", "Sterling Silver")
DEVICE = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
MINUTE = datetime.timedelta(minutes=1)

# What W3 sends. The peers delete their rows by the four variations.
BODY = {
    "original_prompt": "delicate vintage rose gold engagement ring with a halo of pave diamonds around an oval sapphire, "
                       "milgrain edge, open filigree gallery, twisted band with leaf motif, hand engraved, moonlight feel",
    "gem_data": {"type": "Sapphire", "cut": "Oval", "color": "Blue", "transparency": "Transparent",
                 "size": {"simple": "Medium", "carat_weight": 1.75,
                          "dimensions": {"length_mm": 8.5, "width_mm": 6.5, "height_mm": 4.2}}},
    "material_preferences": {"metals": ["Rose Gold", "Platinum"], "finish": "Polished"},
    "num_variations_requested": 4,
}


# --- what bezel derives from its master key ----------------------------------
class Keys:
    """HKDF-SHA256 without salt, and what is signed with the keys: src/crypt, src/app."""

    def __init__(self, master_hex):
        extracted = hmac.digest(bytes(32), bytes.fromhex(master_hex), "sha256")
        self.guest, self.object, self.share, self.share_id = (
            hmac.digest(extracted, info + b"\x01", "sha256")
            for info in (b"guest/v1", b"object/v1", b"share/v2/1", b"share-id/v2/1"))

    def guest_token(self, session_id, expires_s):
        payload = "%s.%d" % (session_id, expires_s)
        mac = hmac.digest(self.guest, payload.encode(), "sha256")
        return payload + "." + base64.urlsafe_b64encode(mac).decode().rstrip("=")

    def share_token(self, nonce, design):
        """nonce: 12 bytes. Version 2, and the first signing key."""
        signed = b"\x02\x01" + nonce
        mask = hmac.digest(self.share_id, signed, "sha256")
        signed += bytes(a ^ b for a, b in zip(uuid.UUID(design).bytes, mask))
        return base64.urlsafe_b64encode(signed + hmac.digest(self.share, signed, "sha256")[:18]).decode()

    def object_key(self, folder, identifier, digest):
        """digest: SHA-256 of the object's bytes, in hexadecimal."""
        mac = hmac.digest(self.object, ("%s|%s|%s" % (folder, identifier, digest)).encode(), "sha256")
        return "%s/%s.webp" % (folder, mac[:16].hex())


# --- documents ------------------------------------------------------------------
class Maker:
    def __init__(self, keys, loaded_at, kind):
        self.keys = keys
        self.kind = kind
        self.loaded_at = loaded_at  # whole milliseconds, UTC, without a time zone: as pymongo gives times
        self.random = random.Random(SEED)

    def uuid7(self, when):
        """RFC 9562, version 7: the milliseconds, then chance."""
        ms = int((when - datetime.datetime(1970, 1, 1)) / datetime.timedelta(milliseconds=1))
        bits = self.random.getrandbits(74)
        text = "%012x7%03x%x%015x" % (ms, bits >> 62, 8 | bits >> 60 & 3, bits & (1 << 60) - 1)
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def words(self, length):
        text = ""
        while len(text) < length:
            text += self.random.choice(WORDS) + " "
        return text[:length].strip()

    def keys_of(self, folder, identifier, picture):
        """Object keys of a picture and its thumbnail; of pictures that are on no disk without (None)."""
        digests = picture or ("%064x" % self.random.getrandbits(256), "%064x" % self.random.getrandbits(256))
        return [self.keys.object_key(folder, identifier, digest) for digest in digests]

    def image(self, folder, when, variation, picture):
        identifier = self.uuid7(when)
        full, thumbnail = self.keys_of(folder, identifier, picture)
        return {"image_id": identifier, "image_url": full, "thumbnail_url": thumbnail,
                "generation_parameters": {"provider": "gemini", "model": "gemini-2.5-flash-image", "variation": variation},
                "generated_at": when}

    def refinement(self, folder, when, base, picture):
        identifier = self.uuid7(when)
        full, thumbnail = self.keys_of(folder, identifier, picture)
        return {"refinement_id": identifier, "prompt": self.words(90), "base_image_id": base,
                "refined_image_url": full, "refined_thumbnail_url": thumbnail, "refinement_strength": 0.5,
                "preserve_elements": [], "refined_at": when}

    def gem_data(self):
        rnd = self.random
        length = round(rnd.uniform(4, 12), 1)
        return {"type": rnd.choice(SPECIES), "cut": rnd.choice(CUTS),
                "size": {"simple": rnd.choice(("Small", "Medium", "Large")),
                         "dimensions": {"length_mm": length, "width_mm": round(length * 0.8, 1),
                                        "height_mm": round(length * 0.55, 1)},
                         "carat_weight": round(length * length / 40, 2)},
                "color": rnd.choice(COLORS), "transparency": rnd.choice(("Transparent", "Semi-transparent")),
                "uploaded_image_url": None}

    def design(self, owner, created, pictures=None, trash=True):
        """pictures: digests of four pictures and their thumbnails that are on the disk."""
        rnd = self.random
        identifier = self.uuid7(created)
        pictures = pictures or [None] * 4
        second = datetime.timedelta(seconds=1)
        gem = self.gem_data()
        prompt = self.words(200)
        materials = {"metals": rnd.sample(METALS, 2), "finish": rnd.choice(("Polished", "Matte", "Hammered"))}
        images = [self.image(identifier, created + 5 * i * second, i, pictures[i]) for i in range(3)]
        refined = self.refinement(identifier, created + 9 * MINUTE, images[0]["image_id"], pictures[3])
        deleted = trash and rnd.random() < 0.05
        updated = created + (10 if deleted else 9) * MINUTE
        token = None
        if owner["user_id"] and not deleted and rnd.random() < SHARED:
            token = self.keys.share_token(rnd.getrandbits(96).to_bytes(12, "big"), identifier)
        return {
            "_id": identifier, "user_id": owner["user_id"], "gem_data": gem, "original_prompt": prompt,
            "material_preferences": materials, "num_variations_requested": 3, "generated_images": images,
            "selected_image_id": rnd.choice(images)["image_id"], "refinements": [refined],
            "current_version": {"type": "refinement", "image_id": refined["refinement_id"]}, "folder_id": None,
            "is_favorite": rnd.random() < 0.15, "is_deleted": deleted,
            "share_settings": {"is_shared": token is not None, "share_token": token, "password_protected": False,
                               "password_hash": None, "expires_at": None, "view_count": Int64(0), "title": None,
                               "show_prompt": False, "revoked_at": None, "former_tokens": []},
            "metadata": {"total_generation_cost": round(rnd.uniform(0.02, 0.4), 4),
                         "total_generation_time": round(rnd.uniform(4, 40), 2), "device_info": DEVICE,
                         "ip_address": "203.0.113.%d" % rnd.randrange(255)},
            "created_at": created, "updated_at": updated, "deleted_at": updated if deleted else None,
            "link_changed_at": updated if token else None,
            "guest_session_id": owner["guest_session_id"], "generation_id": None}

    def owner(self, count, pictures=None, trash=True):
        """Somebody who began some hours ago, and the designs made since then, each with one refinement: documents by
        collection, cookie, id, designs."""
        rnd = self.random
        began = self.loaded_at - datetime.timedelta(milliseconds=rnd.randrange(12 * 3600000, 24 * 3600000))
        span = (self.loaded_at - 15 * MINUTE - began) // datetime.timedelta(milliseconds=1)
        made, owner, token, identifier = self.kind.make(
            self, began, self.loaded_at + datetime.timedelta(seconds=principals.SESSION_S))
        times = sorted(began + datetime.timedelta(milliseconds=rnd.randrange(1, span)) for _ in range(count))
        designs = [self.design(owner, when, pictures, trash) for when in times]
        if designs:
            self.kind.count(made, [design["_id"] for design in designs], times + [when + 8 * MINUTE for when in times])
        return made, token, identifier, designs


def sha256(data):
    return hashlib.sha256(data).hexdigest()


# --- shapes ----------------------------------------------------------------------
def shape(value):
    """Names, order and types; None fits everything, the first item stands for its list."""
    if isinstance(value, dict):
        return [(key, None if key == "generation_parameters" else shape(item)) for key, item in value.items()]
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return None if value is None else type(value).__name__


def shape_fault(ours, theirs, path=""):
    """The first difference between two shapes, or None."""
    if ours is None or theirs is None:
        return None
    if isinstance(ours, list) and isinstance(theirs, list):
        if not ours or not theirs:
            return None
        if isinstance(ours[0], tuple) and isinstance(theirs[0], tuple):
            names = [name for name, _ in ours], [name for name, _ in theirs]
            if names[0] != names[1]:
                return "%s: %s, but bezel writes %s" % (path or "the document", *names)
            for (name, mine), (_, other) in zip(ours, theirs):
                fault = shape_fault(mine, other, path + "/" + name)
                if fault:
                    return fault
            return None
        return shape_fault(ours[0], theirs[0], path + "/0")
    return None if ours == theirs else "%s: %s, but bezel writes %s" % (path, ours, theirs)
