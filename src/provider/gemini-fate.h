/*
 * gemini-fate.h - for the gemini driver only: what becomes of a call, in rows.
 */
#ifndef BEZEL_PROVIDER_GEMINI_FATE_H
#define BEZEL_PROVIDER_GEMINI_FATE_H

#include "provider/gemini-wire.h"

struct json_value;

struct gemini_fate {
	enum provider_outcome outcome;
	const char *reason;
	const char *message;
	bool alarm;
	int attempts_left;
};

#define CHANGE_WORDS " Please change the words and try again."
#define TELL_OPERATOR " The operator has been told."

/* An alarm that was raised before stays raised. */
void gemini_set_fate(struct provider_result *result,
    const struct gemini_fate *fate);

/* A status other than 200 with its error, which may be NULL. */
void gemini_read_error(struct arena *arena, int status,
    const struct json_value *error, const struct gemini_reply *reply,
    struct provider_result *result);

#endif
