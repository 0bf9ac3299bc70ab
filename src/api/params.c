#include "config.h"

#include "api/call.h"

#include "base/uuid.h"

struct str
call_param(const struct call *call, const char *name)
{
	return pairs_get(&call->query, str_of(name));
}

enum rc
call_params_known(const struct call *call, const char *const *names,
    struct err *err)
{
	for (size_t i = 0; i < call->query.n; i++) {
		const char *const *name = names;

		while (*name != NULL
		    && !str_eqz(call->query.rows[i].name, *name))
			name++;
		if (*name != NULL)
			continue;
		(void)err_set(err, RC_BAD_QUERY,
		    "A query parameter is not known here; see errors.");
		err_fault(err, call->arena, call->query.rows[i].name,
		    "unknown_parameter", "There is no such parameter.");
	}
	return err->rc;
}

enum rc
call_param_bool(const struct call *call, const char *name, int *ret_value,
    struct err *err)
{
	struct str value = call_param(call, name);

	*ret_value = -1;
	if (value.p == NULL)
		return RC_OK;
	if (str_eqz(value, "true") || str_eqz(value, "false")) {
		*ret_value = value.n == 4;
		return RC_OK;
	}
	(void)err_set(err, RC_BAD_QUERY, "%s is true or false.", name);
	err_fault(err, call->arena, str_of(name), "wrong_type",
	    "This is true or false.");
	return err->rc;
}

enum rc
call_bad_param(const struct call *call, const char *name, const char *sentence,
    struct err *err)
{
	(void)err_set(err, RC_BAD_QUERY,
	    "A query parameter is not understood; see errors.");
	err_fault(err, call->arena, str_of(name), "bad_parameter", "%s", sentence);
	return err->rc;
}

enum rc
call_param_limit(const struct call *call, int *ret_limit, struct err *err)
{
	struct str text = call_param(call, "limit");
	int64_t limit = PAGE_USUAL;

	if (text.p != NULL && (!str_to_i64(text, &limit) || limit < 1
	    || limit > PAGE_MAX))
		return call_bad_param(call, "limit", "1 to 100.", err);
	*ret_limit = (int)limit;
	return RC_OK;
}

enum rc
call_id(const struct call *call, struct err *err)
{
	return uuid_is(call->id) ? RC_OK
	    : err_set(err, RC_NOT_FOUND, "There is nothing here.");
}
