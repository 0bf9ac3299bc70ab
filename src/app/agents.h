/*
 * agents.h - the class of device that a User-Agent tells, by the rows of agents.def.
 */
#ifndef BEZEL_APP_AGENTS_H
#define BEZEL_APP_AGENTS_H

#include "base/arena.h"

enum agent_class {
	AGENT_phone, AGENT_tablet, AGENT_desktop, AGENT_robot, AGENT_other,
	AGENT_CLASS_COUNT
};

/* "phone", as documents hold it. */
const char *agent_class_word(enum agent_class class);

/* No browser of a person sends none: null or "" is a robot. Only the first AGENT_MAX
 * bytes count. */
enum { AGENT_MAX = 1024 };
enum agent_class agent_class_of(struct arena *arena, struct str agent);

#endif
