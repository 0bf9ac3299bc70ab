/*
 * call.h - one request on its way through guards and handler. Only for api.
 */
#ifndef BEZEL_API_CALL_H
#define BEZEL_API_CALL_H

#include "app/app.h"
#include "app/idem.h"
#include "http/exchange.h"
#include "http/router.h"
#include "schema/documents.h"

struct json_value;
struct doc;
struct app_design;
struct app_generation;

enum guards {
	PLAIN = 0, WHO = 1 << 0, IDEM = 1 << 1, MATCH = 1 << 2,
	JSON_BODY = 1 << 3, PATCH_BODY = 1 << 4, FORM_DATA = 1 << 5,
	SLOW = 1 << 6, INFRA = 1 << 7, PAGE = 1 << 8, MEMBER = 1 << 9,
	OPEN = 1 << 10, IN_TEST = 1 << 11, ANYONE = 1 << 12,
	MAY_BODY = 1 << 13, FORM_BODY = 1 << 14,
	SCOPES_AT = 16,		/* the scope that a key needs: one bit from here */
#define SCOPE(name, word, text) name = 1 << (SCOPES_AT + SCOPE_##name),
#include "schema/scopes.def"
#undef SCOPE
};

/* The scope that a row asks of keys, or -1: it is not for keys. */
int route_scope(unsigned guards);

enum { PAGE_USUAL = 20, PAGE_MAX = 100 };

struct call {
	struct app *app;
	struct arena *arena;
	struct http_request *request;
	struct http_response *response;
	const struct route *route;
	struct http_match match;	/* with the path's parameters */
	struct str id;			/* the first of them, or null */
	struct pairs query;
	struct actor actor;
	struct idem idem;
	int64_t if_match_ms;		/* an updated_at, or TIME_NULL */
	const struct json_value *json;	/* the body */
	void *body;			/* decoded by the route's document */
	struct media media;		/* signs the URLs of the answer */
};

typedef enum rc route_handler(struct call *call, struct err *err);

/* Several calls of a row that wait at a worker at the same time; arena is that of all of
 * them (api/together.h). */
struct joint;
typedef void route_together(struct arena *arena, struct joint *const *joints,
    size_t n);

struct route {
	struct http_route match;	/* first: the router walks rows */
	route_handler *handler;
	route_together *together;	/* NULL: each alone */
	const char *name;		/* operationId */
	unsigned guards;
	const struct doc *body, *reply;	/* NULL: none */
	const char *reply_word;		/* of the row: of a shape too */
	int status;
	const char *text;
};

extern const struct route routes[];
extern const size_t route_count;

/* Guards in their order; fills the members above, but idem. */
enum rc call_guard(struct call *call, struct err *err) must_use;

/* Behind the guards, for a row with IDEM: fills idem. */
enum rc call_take_key(struct call *call, struct err *err) must_use;
/* Whether there is a key to take. */
bool call_has_key(const struct call *call);
/* Takes those keys of such calls that nobody has, by one command, and says which ones; the
 * others are for call_take_key(). */
enum rc call_take_keys(struct arena *arena, struct call *const *calls, size_t n,
    bool *ret_taken, struct err *err) must_use;

/* --- a call from its request to its answer (api.c) --- */

void call_begin(struct call *call, struct app *app, struct http_exchange *exchange);
/* To its handler's door, but for its key. */
enum rc call_admit(struct call *call, struct err *err) must_use;
/* By its row's handler, unless it has waited too long. */
void call_handle(struct call *call, struct err *err);
/* Behind it: frees its key, or tells of it. False: the database could not be told. */
bool call_handled(struct call *call, const struct err *err);
/* The answer is ready, and counted with that many commands. */
void call_end(struct call *call, struct err *err, int64_t commands);

/* Fills actor by the session's cookie, for a row that is OPEN and wants to know later.
 * Nobody is no error. */
enum rc call_recognise(struct call *call, struct err *err) must_use;

/* The cookie's name: "__Host-bezel" on https; on http loopback "bezel", or
 * "bezel_<port>" off port 8080, because cookies ignore ports. */
struct str call_cookie_name(const struct call *call);
/* Others of ours have that name and a suffix ("-d": the browser has signed in, "-r": it
 * has registered, "-o": it is on its way to a provider, "-p": it was there, and an
 * address is wanted). Null when there is none. */
enum rc call_cookie(const struct call *call, const char *suffix,
    struct str *ret_value, struct err *err) must_use;
/* Sets it for the whole host; max_age_s 0 removes it. */
void call_set_cookie(struct call *call, const char *suffix, struct str value,
    int64_t max_age_s);

struct signed_in;
void call_set_session(struct call *call, const struct signed_in *in);

/* A query parameter, or null. */
struct str call_param(const struct call *call, const char *name);
/* All parameters are among names (ends with NULL), else RC_BAD_QUERY. */
enum rc call_params_known(const struct call *call, const char *const *names,
    struct err *err) must_use;
/* "true" or "false"; -1 when absent. */
enum rc call_param_bool(const struct call *call, const char *name, int *ret_value,
    struct err *err) must_use;
/* How many items a page is to have. */
enum rc call_param_limit(const struct call *call, int *ret_limit, struct err *err)
    must_use;
/* RC_BAD_QUERY, with a sentence on one parameter. */
enum rc call_bad_param(const struct call *call, const char *name,
    const char *sentence, struct err *err) must_use;
/* The bytes of the form's field `file`, or a fault. */
enum rc call_file(const struct call *call, struct str *ret_bytes,
    struct err *err) must_use;
/* The path's id as a UUID; anything else names nothing of ours. */
enum rc call_id(const struct call *call, struct err *err) must_use;

/* --- answers ------------------------------------------------------------- */

void reply_json(struct call *call, struct buf *body);
/* One document with its ETag; 304 when If-None-Match has it. */
void reply_design(struct call *call, const struct app_design *design);
void reply_generation(struct call *call, const struct app_generation *generation);
/* Appends a stored document as its owner sees it, with further members. Counts
 * damaged ones. */
void add_document(struct call *call, struct buf *buf, const struct doc *doc,
    struct str bson, struct str more);
/* Whether who asks may see links to designs: a key needs shares:read. */
bool may_read_shares(const struct call *call);
/* Whether the client has the version of the answer's ETag: then 304 and no body. */
bool reply_not_modified(struct call *call);
void reply_quota(struct call *call, const struct quota *quota);
/* 202: where to look, and when. */
void reply_accepted(struct call *call, const char *where, struct str id);
/* Accounts: a mail was sent; a link was used, which has signed in or not. */
void reply_mail_sent(struct call *call, const char *message);
void reply_link_used(struct call *call, bool signed_in);
/* A refusal for want of quota says so in headers too. */
enum rc reply_refused(struct call *call, const struct quota *quota,
    struct err *err);

#define ROUTE(verb, path, handler, ...) route_handler api_##handler;
#define ROUTE_TOGETHER(verb, path, handler, together, ...) \
	route_handler api_##handler; route_together api_##together;
#include "api/routes.def"
#undef ROUTE
#undef ROUTE_TOGETHER

#endif
