#include "config.h"

#include "blob/flaky.h"

#include <assert.h>

#include "blob/blob-driver.h"

enum kind { PUT, GET, DELETE, LIST, TIDY, KINDS };
enum how { PASS, BEFORE, FULL, HALF, AFTER, HOWS };

static const char *const kind_names[KINDS] = { "put", "get", "delete", "list",
	"tidy" };
static const char *const how_names[HOWS] = { NULL, "before", "full", "half",
	"after" };

enum { RULES_MAX = 16 };

struct rule {
	enum kind kind;
	enum how how;
	int64_t n;
	bool and_later;
};

struct flaky {
	struct blob blob;
	struct blob *inner;
	struct rule rules[RULES_MAX];
	int rule_count;
	int calls[KINDS];
};

static int
find_name(const char *const *names, int count, struct str name)
{
	for (int i = 0; i < count; i++)
		if (names[i] != NULL && str_eqz(name, names[i]))
			return i;
	return -1;
}

static bool
parse_rule(struct str text, struct rule *ret_rule)
{
	int kind = find_name(kind_names, KINDS, str_cut(&text, ':'));
	struct str n = str_cut(&text, ':');
	int how = text.p == NULL ? BEFORE : find_name(how_names, HOWS, text);

	if (kind < 0 || how < 0 || (how == HALF && kind != DELETE))
		return false;
	*ret_rule = (struct rule){ .kind = (enum kind)kind,
		.how = (enum how)how };
	if (n.n > 0 && n.p[n.n - 1] == '+') {
		ret_rule->and_later = true;
		n.n--;
	}
	return str_to_i64(n, &ret_rule->n) && ret_rule->n >= 1;
}

enum rc
blob_flaky_script(struct blob *blob, const char *script, struct err *err)
{
	struct flaky *flaky = (struct flaky *)blob;
	struct str rest = str_of(script);
	int count = 0;

	memset(flaky->calls, 0, sizeof flaky->calls);
	flaky->rule_count = 0;
	while (rest.n > 0) {
		struct str text = str_cut(&rest, ',');

		if (count == RULES_MAX || !parse_rule(text, &flaky->rules[count]))
			return err_set(err, RC_INVALID,
			    "The script \"%s\" is not understood at \"%.*s\".",
			    script, STR_FMT(text));
		count++;
	}
	flaky->rule_count = count;
	return RC_OK;
}

int
blob_flaky_calls(const struct blob *blob, const char *kind)
{
	int i = find_name(kind_names, KINDS, str_of(kind));

	assert(i >= 0);
	return ((const struct flaky *)blob)->calls[i];
}

static enum how
next(struct flaky *flaky, enum kind kind)
{
	int n = ++flaky->calls[kind];

	for (int i = 0; i < flaky->rule_count; i++) {
		const struct rule *rule = &flaky->rules[i];

		if (rule->kind == kind &&
		    (n == rule->n || (rule->and_later && n > rule->n)))
			return rule->how;
	}
	return PASS;
}

static enum rc
fail(struct err *err, enum how how)
{
	if (how == FULL)
		return err_set(err, RC_STORAGE_FULL,
		    "There is no room left to store this.");
	(void)err_set(err, RC_UNAVAILABLE,
	    "The object store does not work now.");
	return err_detail(err, "blob flaky: %s", how_names[how]);
}

/* Around a call that gives rc when it is made. */
#define AROUND(kind, call) \
	struct flaky *flaky = (struct flaky *)blob; \
	enum how how = next(flaky, (kind)); \
	enum rc rc; \
	if (how == BEFORE || how == FULL) \
		return fail(err, how); \
	rc = (call); \
	return rc == RC_OK && how != PASS ? fail(err, how) : rc

static enum rc
flaky_put(struct blob *blob, struct str key, struct str bytes, struct err *err)
{
	AROUND(PUT, blob_put(flaky->inner, key, bytes, err));
}

static enum rc
flaky_get(struct blob *blob, struct arena *arena, struct str key, size_t max,
    struct str *ret_bytes, struct err *err)
{
	struct flaky *flaky = (struct flaky *)blob;
	enum how how = next(flaky, GET);

	/* Reading changes nothing: after is the same as before. */
	return how != PASS ? fail(err, how) :
	    blob_get(flaky->inner, arena, key, max, ret_bytes, err);
}

static enum rc
flaky_delete(struct blob *blob, const struct str *keys, size_t n,
    struct err *err)
{
	AROUND(DELETE, blob_delete(flaky->inner, keys,
	    how == HALF ? n / 2 : n, err));
}

static enum rc
flaky_list(struct blob *blob, struct arena *arena, struct str after,
    struct blob_entry *entries, size_t max_entries, size_t *ret_n,
    struct err *err)
{
	AROUND(LIST, blob_list(flaky->inner, arena, after, entries,
	    max_entries, ret_n, err));
}

static enum rc
flaky_tidy(struct blob *blob, int64_t before_ms, size_t *ret_n,
    struct err *err)
{
	AROUND(TIDY, blob_tidy(flaky->inner, before_ms, ret_n, err));
}

static void
flaky_close(struct blob *blob)
{
	blob_close(((struct flaky *)blob)->inner);
}

static const struct blob_driver flaky_driver = {
	.put = flaky_put,
	.get = flaky_get,
	.delete = flaky_delete,
	.list = flaky_list,
	.tidy = flaky_tidy,
	.close = flaky_close,
};

enum rc
blob_flaky_open(struct arena *process_arena, struct blob *inner,
    const char *script, struct blob **ret_blob, struct err *err)
{
	struct flaky *flaky = arena_one(process_arena, struct flaky);
	enum rc rc;

	flaky->blob.driver = &flaky_driver;
	flaky->inner = inner;
	rc = blob_flaky_script(&flaky->blob, script, err);
	if (rc == RC_OK)
		*ret_blob = &flaky->blob;
	return rc;
}
