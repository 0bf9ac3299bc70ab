/*
 * lists.h - cursors of lists: sealed text that only its own list opens.
 */
#ifndef BEZEL_APP_LISTS_H
#define BEZEL_APP_LISTS_H

#include "app/app.h"

struct str app_cursor_seal(const struct app *app, struct arena *arena,
    struct str list, struct str payload);
bool app_cursor_open(const struct app *app, struct arena *arena, struct str list,
    struct str cursor, struct str *ret_payload);

#endif
