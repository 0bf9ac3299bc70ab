#include "config.h"

#include "codec/form.h"

#include "codec/header.h"
#include "codec/url.h"

enum rc
form_parse(struct arena *arena, struct str content_type, struct str body,
    struct pairs *ret_fields, struct err *err)
{
	struct pairs params;
	struct str type, charset;

	if (!header_parse(arena, content_type, &type, &params)
	    || !str_eq_nocase(type, STR("application/x-www-form-urlencoded")))
		return err_set(err, RC_MEDIA_TYPE, "The body must be"
		    " application/x-www-form-urlencoded");
	charset = pairs_get(&params, STR("charset"));
	if (charset.p != NULL && !str_eq_nocase(charset, STR("utf-8")))
		return err_set(err, RC_MEDIA_TYPE, "The body must be UTF-8");
	return url_pairs(arena, body, RC_MALFORMED, ret_fields, err);
}
