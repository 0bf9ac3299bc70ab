#!/usr/bin/env python3
"""Looks at the pictures of the render driver, one factor at a time.

Renders at draft size with t/tools/render_cli and measures, on the pixels that its
mask mode names: the mean hue of the stone against the chosen colour, the mean hue
(or greyness) of the metal, the outline's length to width against the cut's, and
the structural similarity between the variations of one request. Prints TAP.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

try:
    import numpy
    from PIL import Image
except ImportError as missing:
    print(f"1..0 # SKIP {missing.name} is not installed")
    sys.exit(0)

SOURCE = os.environ.get("BEZEL_SRCDIR", os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.environ.get("BEZEL_BUILDDIR", os.path.join(SOURCE, "build"))
CLI = os.path.join(BUILD, "t/tools/render_cli")

STONE_HUE_DEGREES = 25
METAL_HUE_DEGREES = 15
OUTLINE_SHARE = 0.10
GREY_SATURATION = 0.13
SSIM_MOST = 0.9

SPECIES = [("Sapphire", "Blue"), ("Ruby", "Red"), ("Emerald", "Green"),
           ("Amethyst", "Purple"), ("Citrine", "Yellow"), ("Turquoise", "Blue")]
CUTS = ["Round", "Oval", "Princess", "Emerald", "Marquise", "Pear", "Baguette", "Cabochon"]
METALS = ["Yellow Gold", "Rose Gold", "White Gold", "Platinum"]


def hue_and_saturation(rgb):
    red, green, blue = (float(v) for v in rgb)
    most, least = max(red, green, blue), min(red, green, blue)
    spread = most - least
    if spread == 0:
        return 0.0, 0.0
    if most == red:
        hue = 60 * (green - blue) / spread
    elif most == green:
        hue = 120 + 60 * (blue - red) / spread
    else:
        hue = 240 + 60 * (red - green) / spread
    return hue % 360, spread / most


def apart(a, b):
    return abs((a - b + 180) % 360 - 180)


def rows(name, pattern):
    with open(os.path.join(SOURCE, "src/gems", name), encoding="utf-8") as file:
        return re.findall(pattern, file.read(), re.M)


def unpack(text):
    value = int(text, 16)
    return value >> 16, value >> 8 & 255, value & 255


class Pictures:
    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    def render(self, *flags, **wish):
        self.count += 1
        path = os.path.join(self.folder, f"{self.count}.png")
        words = [f"{key}={value}" for key, value in wish.items()]
        subprocess.run([CLI, *flags, f"out={path}", *words], check=True,
                       stdout=subprocess.DEVNULL)
        with Image.open(path) as image:
            return numpy.asarray(image.convert("RGB"), dtype=float)

    def parts(self, **wish):
        """The picture, and where its main stone and its metal are."""
        picture, mask = self.render(**wish), self.render("--mask", **wish)
        return picture, mask[:, :, 0] > 200, mask[:, :, 1] > 200


def outline_ratio(mask):
    """Height to width of the pixels; the camera above has the length upright."""
    y, x = numpy.nonzero(mask)
    return (numpy.ptp(y) + 1) / (numpy.ptp(x) + 1)


def ssim(a, b, side=8):
    """Structural similarity of two grey pictures over windows of side pixels."""
    def windows(image):
        total = numpy.cumsum(numpy.cumsum(numpy.pad(image, ((1, 0), (1, 0))), 0), 1)
        return (total[side:, side:] - total[:-side, side:] - total[side:, :-side]
                + total[:-side, :-side]) / side**2
    mean_a, mean_b = windows(a), windows(b)
    var_a, var_b = windows(a * a) - mean_a**2, windows(b * b) - mean_b**2
    both = windows(a * b) - mean_a * mean_b
    one, two = (0.01 * 255)**2, (0.03 * 255)**2
    return float(numpy.mean((2 * mean_a * mean_b + one) * (2 * both + two)
                            / ((mean_a**2 + mean_b**2 + one) * (var_a + var_b + two))))


class Tap:
    def __init__(self):
        self.number = 0
        self.bad = 0

    def check(self, good, text):
        self.number += 1
        self.bad += not good
        print(f"{'ok' if good else 'not ok'} {self.number} - {text}", flush=True)


def check_species(tap, pictures):
    colors = {(species, name): rgb for species, name, rgb in
              rows("colors.def", r'^COLOR\((\w+), "([^"]+)", 0x([0-9a-f]{6})')}
    for species, name in SPECIES:
        picture, stone, _ = pictures.parts(type=species, color=name, cut="Oval",
                                           metal="Platinum")
        want, _ = hue_and_saturation(unpack(colors[species.upper(), name]))
        mean = picture[stone].mean(axis=0)
        hue, saturation = hue_and_saturation(mean)
        tap.check(apart(hue, want) <= STONE_HUE_DEGREES and saturation > 0.25,
                  f"{species} {name}: hue {hue:.0f}, wanted {want:.0f}, "
                  f"saturation {saturation:.2f}")
        share = stone.mean()
        tap.check(share > 0.05, f"{species}: the stone takes {share:.1%} of the picture")
        light = mean.mean()
        tap.check(35 < light < 225, f"{species}: mean light {light:.0f}, no blob and no blank")


def check_cuts(tap, pictures):
    ratios = dict(rows("cuts.def", r'^CUT\(\w+, "([^"]+)", ([0-9.]+)'))
    for cut in CUTS:
        # a bezel, because claws hide the tips
        mask = pictures.render("--mask", "--above", type="Sapphire", cut=cut,
                               metal="Platinum", prompt="bezel ring")
        have, want = outline_ratio(mask[:, :, 0] > 200), float(ratios[cut])
        tap.check(abs(have / want - 1) <= OUTLINE_SHARE,
                  f"{cut}: length to width {have:.2f}, wanted {want:.2f}")
    mask = pictures.render("--mask", "--above", type="Sapphire", cut="Oval", length=12, width=6)
    have = outline_ratio(mask[:, :, 0] > 200)
    tap.check(abs(have / 2 - 1) <= OUTLINE_SHARE, f"Oval of 12 x 6 mm: {have:.2f}")


def check_metals(tap, pictures):
    metals = dict(rows("metals.def", r'^METAL\(\w+, "([^"]+)", 0x([0-9a-f]{6})'))
    for metal in METALS:
        picture, _, band = pictures.parts(type="Sapphire", cut="Round", metal=metal)
        want, colorful = hue_and_saturation(unpack(metals[metal]))
        hue, saturation = hue_and_saturation(picture[band].mean(axis=0))
        if colorful < 0.2:
            tap.check(saturation < GREY_SATURATION, f"{metal}: saturation {saturation:.2f}")
        else:
            tap.check(apart(hue, want) <= METAL_HUE_DEGREES and saturation > 0.2,
                      f"{metal}: hue {hue:.0f}, wanted {want:.0f}, "
                      f"saturation {saturation:.2f}")


def check_variations(tap, pictures):
    for piece in ("ring", "pendant"):
        grey = [pictures.render(type="Ruby", cut="Cushion", metal="Yellow Gold",
                                prompt=piece, variation=i).mean(axis=2) for i in range(4)]
        for i in range(4):
            for j in range(i):
                value = ssim(grey[i], grey[j])
                tap.check(value < SSIM_MOST, f"{piece}: variations {j} and {i}: SSIM {value:.2f}")
        tap.check(ssim(grey[0], grey[0]) > 0.999, f"{piece}: a picture is similar to itself")


def check_framing(tap, pictures):
    """Nothing of a piece touches the frame; only a pendant's chain leaves it, at the top."""
    for piece in ("ring", "bracelet", "earrings", "pendant"):
        for variation in range(4):
            mask = pictures.render("--mask", prompt=piece, variation=variation, type="Opal",
                                   cut="Cabochon", metal="Platinum").max(axis=2) > 100
            edges = [mask[-4:], mask[:, :4], mask[:, -4:]]
            if piece == "pendant":
                edges = [mask[-4:], mask[-60:, :4], mask[-60:, -4:]]
            else:
                edges.append(mask[:4])
            tap.check(mask.any() and not any(edge.any() for edge in edges),
                      f"{piece}, variation {variation}: all of it is in the frame")


def check_refinement(tap, pictures):
    wish = {"type": "Sapphire", "cut": "Round", "metal": "Yellow Gold"}
    _, before, _ = pictures.parts(**wish)
    picture, after, band = pictures.parts(refine="rose gold and a bigger stone", strength=0.9,
                                          **wish)
    tap.check(after.mean() > before.mean() * 1.1, "refined: the stone has become bigger")
    hue, _ = hue_and_saturation(picture[band].mean(axis=0))
    tap.check(hue < 32 or hue > 340, f"refined: the metal has become rose, hue {hue:.0f}")


def main():
    if os.environ.get("BEZEL_TEST_SANITIZED"):
        print("1..0 # SKIP pictures are measured in the plain build; a sanitizer does not change them")
        return 0
    if shutil.which("povray", path="/usr/bin:/usr/local/bin") is None:
        print("1..0 # SKIP povray is not installed")
        return 0
    if not os.access(CLI, os.X_OK):
        print(f"Bail out! {CLI} is not built")
        return 99
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="bezel-pictures-") as folder:
        pictures = Pictures(folder)
        check_species(tap, pictures)
        check_cuts(tap, pictures)
        check_metals(tap, pictures)
        check_variations(tap, pictures)
        check_framing(tap, pictures)
        check_refinement(tap, pictures)
    print(f"1..{tap.number}")
    return tap.bad > 0


if __name__ == "__main__":
    sys.exit(main())
