/*
 * open.h - from configuration to the parts of a process: chooses the drivers.
 */
#ifndef BEZEL_CMD_OPEN_H
#define BEZEL_CMD_OPEN_H

#include "app/app.h"

enum open_parts {
	OPEN_STORE = 1 << 0,
	OPEN_BLOB = 1 << 1,
	OPEN_IMAGE = 1 << 2,
	OPEN_PROVIDER = 1 << 3,
	OPEN_MAIL = 1 << 4,
	OPEN_OAUTH = 1 << 5,
	OPEN_GEO = 1 << 6,
	OPEN_CDN = 1 << 7,
	OPEN_PATIENT = 1 << 8		/* the store: commands may take hours */
};

/* Reads the file of --config, the environment, then each --name=value, wherever
 * they stand in argv. *ret_words are the other words, ended by NULL. */
enum rc open_conf(struct arena *arena, int argc, char **argv,
    struct conf *ret_conf, char ***ret_words, struct err *err) must_use;

/* The keys alone. */
enum rc open_keys(const struct conf *conf, struct keyring *ret_keyring,
    struct err *err) must_use;

/* After the fork. shared, trace and wake_fd are the caller's. */
enum rc open_app(struct arena *process_arena, const struct conf *conf,
    enum open_parts parts, const char *app_name, struct app *ret_app,
    struct err *err) must_use;

#endif
