/*
 * share-card.h - what a link looks like elsewhere: its card, and its code to scan.
 */
#ifndef BEZEL_APP_SHARE_CARD_H
#define BEZEL_APP_SHARE_CARD_H

#include "app/shares.h"

struct buf;

/* Changes with the look of cards, and with it their ETags. */
#define SHARE_CARD_LOOK "c1"

/* The card of what may be shown (SHARE_OPEN, SHARE_UNLOCKED): a JPEG of 1200 x 630,
 * made for this call, or of the last few that this process has made of what anybody may
 * see. RC_NOT_FOUND: its picture is gone or cannot be read; RC_UNAVAILABLE: a retry may
 * help. Slow. */
enum rc app_share_card(struct app *app, struct arena *arena,
    const struct share_view *view, struct str *ret_jpeg, struct err *err) must_use;

enum share_qr { SHARE_QR_SVG, SHARE_QR_PNG };

enum { SHARE_QR_MIN = 128, SHARE_QR_MAX = 2048, SHARE_QR_USUAL = 512 };

/* Appends the link of one's design as a QR code; size_px is the side of a PNG. RC_NOT_FOUND:
 * not shared, or by a link that is dead. */
enum rc app_share_qr(struct app *app, struct arena *arena,
    const struct actor *actor, struct str design_id, enum share_qr kind,
    int size_px, struct buf *buf, struct err *err) must_use;

#endif
