/*
 * pictures.h - stored pictures in another shape, for whoever has their address.
 */
#ifndef BEZEL_APP_PICTURES_H
#define BEZEL_APP_PICTURES_H

#include "app/app.h"

/* The parts of a picture's address, as they came: "/media/<signature>/
 * <expires>/<folder>/<name>", the name without its ending. */
struct picture_address {
	struct str signature, expires, folder, name;
};

/* The JPEG of a stored WebP, made for this call and kept nowhere. *ret_digest
 * names its bytes (hexadecimal). RC_NOT_FOUND: signed by somebody else, there is
 * no such picture, or it cannot be read; RC_LINK_EXPIRED: its time is over;
 * RC_UNAVAILABLE: a retry may help. */
enum rc app_picture_jpeg(struct app *app, struct arena *arena,
    const struct picture_address *address, struct str *ret_jpeg,
    struct str *ret_digest, struct err *err) must_use;

#endif
