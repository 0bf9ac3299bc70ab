/*
 * clock.h - the time.
 *
 * clock_now_ms() is UTC in milliseconds since 1970 and can be set by tests;
 * clock_mono_ms() only measures durations. Leases and quota periods use the
 * database's own time instead ($$NOW).
 */
#ifndef BEZEL_BASE_CLOCK_H
#define BEZEL_BASE_CLOCK_H

#include "base/buf.h"

int64_t clock_now_ms(void);
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);
/* For tests: clock_now_ms() is off by this much from now on. BEZEL_CLOCK_SKEW_MS
 * in the environment does the same for a whole program. */
void clock_set_skew_ms(int64_t skew_ms);

void clock_sleep_ms(int64_t ms);

/* RFC 3339 in UTC with milliseconds: 2026-11-22T19:16:53.000Z. Years outside
 * 0000 to 9999 are shown as the nearest one that fits. */
enum { CLOCK_TEXT_BYTES = 24 };
void clock_text(int64_t ms, char ret_text[CLOCK_TEXT_BYTES]);
void buf_add_time(struct buf *buf, int64_t ms);
/* As JSON: in quotes; null for INT64_MIN, which is TIME_NULL of documents. */
void buf_add_json_time(struct buf *buf, int64_t ms);
/* The strict reverse: exactly that form with 0 to 3 decimals, `Z` or an offset. */
bool clock_parse(struct str s, int64_t *ret_ms);

/* "2026-11-22" of that moment, in UTC. */
void clock_day(int64_t ms, char ret_day[11]);

#endif
