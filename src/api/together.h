/*
 * together.h - calls that wait at a worker at the same time, and what is done for all of
 * them at once.
 *
 * All are led to their handler's door, their row does what it can for them, and each is
 * then answered as if it had come alone. Guards that ask the database are asked one after
 * the other: when that takes a second, those that are not at the door yet come alone.
 */
#ifndef BEZEL_API_TOGETHER_H
#define BEZEL_API_TOGETHER_H

#include "api/call.h"

struct joint {
	struct http_exchange *exchange;
	struct group *group;
	struct call call;
	struct err err;
	enum joint_state {
		JOINT_REFUSED,		/* by its guards: err */
		JOINT_ADMITTED,		/* by its guards, and has its key to take */
		JOINT_READY,		/* for its handler */
		JOINT_DONE		/* answered, or refused with err */
	} state;
	int64_t commands;		/* sent before its turn came */
};

/* A route_together gets joints that are READY. It makes those DONE that it answers; of
 * the others nothing may have happened, but that what they will read has been read
 * (app_designs_read_ahead()). */

/* Makes it DONE. */
void joint_refuse(struct joint *joint, const struct err *err);

/* Answers it, by its handler if it is not DONE. The last one ends what all had. */
void joint_end(struct joint *joint);

#endif
