#include "config.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int64_t skew_ms;
static bool skew_read;

int64_t
clock_now_ms(void)
{
	struct timespec ts;

	if (!skew_read) {
		const char *z = getenv("BEZEL_CLOCK_SKEW_MS");

		skew_read = true;
		if (z != NULL)
			(void)str_to_i64(str_of(z), &skew_ms);
	}
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 + skew_ms;
}

void
clock_set_skew_ms(int64_t ms)
{
	skew_read = true;
	skew_ms = ms;
}

int64_t
clock_mono_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

void
clock_sleep_ms(int64_t ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	(void)nanosleep(&ts, NULL);	/* a signal may end it early: callers loop */
}

/* Days since 1970-01-01 and the civil date: H. Hinnant, "chrono-Compatible
 * Low-Level Date Algorithms", civil_from_days and days_from_civil. */
static void
civil(int64_t days, int *ret_y, int *ret_m, int *ret_d)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*ret_d = (int)(doy - (153 * mp + 2) / 5 + 1);
	*ret_m = (int)(mp < 10 ? mp + 3 : mp - 9);
	*ret_y = (int)(yoe + era * 400 + (*ret_m <= 2));
}

static int64_t
days_of(int64_t y, int m, int d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void
digits(char *at, int count, int64_t v)
{
	while (count-- > 0) {
		at[count] = (char)('0' + v % 10);
		v /= 10;
	}
}

void
clock_text(int64_t ms, char ret_text[CLOCK_TEXT_BYTES])
{
	const int64_t day_ms = 86400000;
	const int64_t least = -62167219200000, most = 253402300799999;
	int64_t days, rest;
	int y, m, d;

	if (ms < least)
		ms = least;
	if (ms > most)
		ms = most;
	days = (ms >= 0 ? ms : ms - (day_ms - 1)) / day_ms;
	rest = ms - days * day_ms;
	civil(days, &y, &m, &d);
	memcpy(ret_text, "0000-00-00T00:00:00.000Z", CLOCK_TEXT_BYTES);
	digits(ret_text, 4, y);
	digits(ret_text + 5, 2, m);
	digits(ret_text + 8, 2, d);
	digits(ret_text + 11, 2, rest / 3600000);
	digits(ret_text + 14, 2, rest / 60000 % 60);
	digits(ret_text + 17, 2, rest / 1000 % 60);
	digits(ret_text + 20, 3, rest % 1000);
}

void
buf_add_time(struct buf *buf, int64_t ms)
{
	char text[CLOCK_TEXT_BYTES];

	clock_text(ms, text);
	buf_add(buf, text, sizeof text);
}

void
buf_add_json_time(struct buf *buf, int64_t ms)
{
	if (ms == INT64_MIN) {
		buf_addz(buf, "null");
		return;
	}
	buf_add_char(buf, '"');
	buf_add_time(buf, ms);
	buf_add_char(buf, '"');
}

static bool
number(struct str *s, size_t count, int least, int most, int *ret_value)
{
	int v = 0;

	if (s->n < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		v = v * 10 + (s->p[i] - '0');
	}
	*s = str_slice(*s, count, s->n);
	*ret_value = v;
	return v >= least && v <= most;
}

static bool
sign(struct str *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = str_slice(*s, 1, s->n);
	return true;
}

bool
clock_parse(struct str s, int64_t *ret_ms)
{
	int y, mo, d, h, mi, sec, oh = 0, om = 0, back_y, back_m, back_d;
	int64_t days, ms = 0, offset = 0;

	if (!number(&s, 4, 0, 9999, &y) || !sign(&s, '-')
	    || !number(&s, 2, 1, 12, &mo) || !sign(&s, '-')
	    || !number(&s, 2, 1, 31, &d) || !sign(&s, 'T')
	    || !number(&s, 2, 0, 23, &h) || !sign(&s, ':')
	    || !number(&s, 2, 0, 59, &mi) || !sign(&s, ':')
	    || !number(&s, 2, 0, 59, &sec))
		return false;
	if (sign(&s, '.')) {
		int scale = 100, digit;

		for (; scale > 0 && s.n > 0 && number(&s, 1, 0, 9, &digit);
		    scale /= 10)
			ms += digit * scale;
		if (scale == 100)
			return false;
	}
	if (!sign(&s, 'Z')) {
		bool west = sign(&s, '-');

		if (!west && !sign(&s, '+'))
			return false;
		if (!number(&s, 2, 0, 23, &oh) || !sign(&s, ':')
		    || !number(&s, 2, 0, 59, &om))
			return false;
		offset = (oh * 60 + om) * (west ? -60000 : 60000);
	}
	days = days_of(y, mo, d);
	civil(days, &back_y, &back_m, &back_d);
	if (s.n != 0 || back_m != mo || back_d != d)
		return false;
	*ret_ms = days * 86400000 + (h * 3600 + mi * 60 + sec) * INT64_C(1000)
	    + ms - offset;
	return true;
}

void
clock_day(int64_t ms, char ret_day[11])
{
	char text[CLOCK_TEXT_BYTES];

	clock_text(ms, text);
	memcpy(ret_day, text, 10);
	ret_day[10] = '\0';
}
