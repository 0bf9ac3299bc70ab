#include "config.h"

#include "api/share-html.h"

/*
 * A shop window: the picture on a neutral grey, which does not change how metals and
 * stones look, and a label beside it. No font and no file is fetched, so nothing
 * moves once it is drawn. Widths in rem, so that larger letters get more room.
 *
 * Each kind of page has only what it uses: who asks for a link that is none gets few bytes.
 */
#define LIGHT "--panel:#fbfbfb;--ink:#1b1b1b;--soft:#565656;--gold:#a67c2d;" \
	"--focus:#1d5fd1"
#define DARK "--panel:#151515;--ink:#ededed;--soft:#adadad;--gold:#e0bd72;" \
	"--focus:#8ab6ff"
#define PAGE_LIGHT ";--stage:#e4e4e4;--line:#dcdcdc"
#define PAGE_DARK ";--stage:#262626;--line:#333"
#define FORM_LIGHT ";--edge:#767676;--main:#1f1f1f;--on-main:#fff;--fault:#a81e17"
#define FORM_DARK ";--edge:#8a8a8a;--main:#ececec;--on-main:#161616;--fault:#ff9d94"
#define SERIF "\"Iowan Old Style\",\"Palatino Linotype\",Palatino,\"P052\"," \
	"\"Noto Serif\",Georgia,serif"

/* What all of them have, with the colours and the size of the heading of one. */
#define ALL(light, dark, size) \
    ":root{color-scheme:light dark;" LIGHT light "}" \
    "@media(prefers-color-scheme:dark){:root{" DARK dark "}}" \
    "*{box-sizing:border-box}" \
    "html{-webkit-text-size-adjust:100%;text-size-adjust:100%}" \
    "body{margin:0;background:var(--panel);color:var(--ink);" \
    "font:1rem/1.55 system-ui,-apple-system,\"Segoe UI\",sans-serif;" \
    "overflow-wrap:anywhere}" \
    "h1{margin:0;font:400 " size "/1.16 " SERIF ";" \
    "letter-spacing:-.01em;text-wrap:balance}" \
    "p{margin:0}" \
    "a{color:inherit;text-underline-offset:.2em}" \
    ":focus-visible{outline:3px solid var(--focus);outline-offset:3px}" \
    ".mark{display:inline-flex;align-items:center;gap:.6rem;min-height:2.75rem;" \
    "font-size:.9375rem;font-weight:500;letter-spacing:.01em;" \
    "text-decoration:none;border-radius:4px}" \
    ".mark:hover span{text-decoration:underline}" \
    ".mark path{fill:var(--gold)}"

/* One thing to say, in the middle: the form, and what is said instead of a page. */
#define NOTE_SIZE "clamp(1.625rem,1.4rem + 1vw,2.125rem)"
#define NOTE \
    ".note{display:grid;align-content:center;justify-items:start;gap:1rem;" \
    "width:min(100%,30rem);min-height:100vh;margin:0 auto;padding:2rem 1.25rem}" \
    ".note>p{color:var(--soft)}" \
    ".note .mark{margin-top:1.5rem;color:var(--ink)}"

static const char note_style[] = ALL("", "", NOTE_SIZE) NOTE;

static const char form_style[] =
    ALL(FORM_LIGHT, FORM_DARK, NOTE_SIZE)
    NOTE
    "form{display:grid;gap:.5rem;width:100%;margin-top:.75rem}"
    "label{font-size:.875rem}"
    "input,button{width:100%;min-height:3rem;padding:.6rem .9rem;font:inherit;"
    "border-radius:8px}"
    "input{border:1px solid var(--edge);background:transparent;"
    "color:inherit}"
    "input[aria-invalid]{border:2px solid var(--fault)}"
    "button{margin-top:.5rem;border:1px solid var(--main);"
    "background:var(--main);color:var(--on-main);font-weight:500;"
    "cursor:pointer}"
    "button:hover{opacity:.88}"
    ".fault{color:var(--fault)}";

static const char page_style[] =
    ALL(PAGE_LIGHT, PAGE_DARK,
    "clamp(1.75rem,1.35rem + 1.8vw,3rem)")

    /* narrow: the picture from edge to edge, then the label */
    "figure{margin:0;background:var(--stage)}"
    "figure img{display:block;width:100%;height:auto;max-height:85vh;"
    "max-height:85svh;object-fit:contain}"
    "figure .square{aspect-ratio:1}"
    "figcaption{padding:.8rem 1.25rem;color:var(--soft);font-size:.8125rem;"
    "text-align:center;letter-spacing:.01em}"
    ".label{display:flex;flex-direction:column;max-width:38rem;margin:0 auto;"
    "padding:2.25rem 1.25rem 1.75rem}"
    "dl{margin:2rem 0 0;border-top:1px solid var(--line)}"
    "dl div{display:grid;grid-template-columns:6.5rem minmax(0,1fr);gap:1rem;"
    "padding:.9rem 0;border-bottom:1px solid var(--line)}"
    "dt,h2,.until{color:var(--soft);font-size:.875rem;line-height:1.55rem}"
    "dd{margin:0;text-wrap:balance}"
    "dd::first-letter{text-transform:uppercase}"
    "h2{margin:2.25rem 0 .4rem;font-weight:400}"
    ".said{font:1.0625rem/1.6 " SERIF ";white-space:pre-line}"
    ".foot{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem 1rem;"
    "justify-content:space-between;padding-top:2.5rem}"
    ".paper{display:none}"
    "noscript img{position:absolute;width:1px;height:1px}"

    /* in between: room around the picture */
    "@media(min-width:40rem){"
    "figure{display:grid;justify-items:center;padding:2.5rem 2.5rem .75rem}"
    "figure img{width:min(100%,72vh);max-height:72vh;border-radius:3px}"
    ".label{padding:2.75rem 2.5rem 2rem}}"

    /* wide: picture and label side by side, the picture stays in sight */
    "@media(min-width:60rem){"
    ".piece{display:grid;grid-template-columns:minmax(0,1fr) "
    "clamp(24rem,33vw,38rem);min-height:100vh}"
    "figure{position:sticky;top:0;height:100vh;align-content:center;"
    "padding:2.5rem clamp(1.5rem,3.4vw,3rem) 1.25rem}"
    "figure img{width:min(100%,100vh - 8rem);max-height:calc(100vh - 8rem)}"
    ".label{width:100%;max-width:36rem;padding:3rem clamp(2rem,4vw,3.5rem) 1.75rem}"
    ".text{margin:auto 0}}"
    "@media(min-width:110rem){html{font-size:118.75%}}"

    /* one sheet: no colours but the picture's */
    "@page{margin:15mm}"
    "@media print{"
    ":root{color-scheme:light;" LIGHT PAGE_LIGHT ";--panel:#fff;--stage:#fff;--ink:#000;"
    "--soft:#333}"
    "body{font-size:10pt}"
    "h1{font-size:20pt}"
    ".piece,figure{display:block;min-height:0;height:auto;position:static;"
    "padding:0}"
    "figure img{width:min(100%,100mm);max-height:100mm;margin:0 auto}"
    "figcaption{padding:2mm;font-size:8.5pt}"
    ".label{display:block;max-width:none;padding:4mm 0 0}"
    "dl{display:grid;grid-template-columns:1fr 1fr;column-gap:8mm;"
    "margin-top:4mm}"
    "dl div{grid-template-columns:24mm minmax(0,1fr);gap:3mm;padding:1.2mm 0}"
    "dt,h2,.until,.paper{font-size:8.5pt;line-height:1.5}"
    "h2{margin:4mm 0 1mm}"
    ".said{font-size:10pt;line-height:1.4}"
    ".foot{padding-top:3mm}.mark{min-height:0}"
    ".paper{display:block;margin-top:2mm;color:var(--soft)}}";

/*
 * Tells that the page was looked at, once each time it is shown; a page that a
 * browser draws ahead of time counts when somebody comes. Knows the share by the
 * address alone, so that it is the same text for all.
 */
static const char script[] =
    "addEventListener(\"pageshow\",function(){"
    "function count(){"
    "if(navigator.sendBeacon)"
    "navigator.sendBeacon(\"/v1/shares/\"+location.pathname.split(\"/\")[2]"
    "+\"/views\")"
    "}"
    "if(document.prerendering)"
    "document.addEventListener(\"prerenderingchange\",count,{once:true});"
    "else count()"
    "})";

/* t/unit/check_share_html.c says what they must be. */
#define PAGE_HASH "5ONxAe4X2YLzJchtADGENeLa5/C0/vlETP1WrWxOTso="
#define FORM_HASH "LwjJpFpThQhKyjtgXCR6iskRROzRJcuSQftkLZ7y7M0="
#define NOTE_HASH "qxa07Zbun0VeAHH9vJqh+hXbmRgD8FdZwhxkxKrUyEQ="
#define SCRIPT_HASH "jRNMhiMnZ7eemj9FXpq4ouHhECVgTuIsgkzONuPJKAg="

/* img-src is for the icon as well. */
#define POLICY(hash, forms) "default-src 'none'; img-src 'self'; " \
	"style-src 'sha256-" hash "'; base-uri 'none'; form-action " forms "; " \
	"frame-ancestors 'none'"

const struct str share_script = { script, sizeof script - 1 };
const struct str share_look_version = { PAGE_HASH, 6 };
const struct share_sheet share_sheet_page = {
	{ page_style, sizeof page_style - 1 },
	STR_INIT(POLICY(PAGE_HASH, "'none'") "; script-src 'sha256-" SCRIPT_HASH
	    "'; connect-src 'self'"),
};
const struct share_sheet share_sheet_form = {
	{ form_style, sizeof form_style - 1 },
	STR_INIT(POLICY(FORM_HASH, "'self'")),
};
const struct share_sheet share_sheet_note = {
	{ note_style, sizeof note_style - 1 },
	STR_INIT(POLICY(NOTE_HASH, "'none'")),
};
