#include "config.h"

#include "app/work-slot.h"

#include "base/utf8.h"
#include "codec/json.h"

/* Generation parameters may hold 4 KiB in all. */
enum { PROMPT_BYTES = 1500, PARAMETERS_BYTES = 8192 };

static void
add_member(struct buf *buf, const char *name, struct str value)
{
	if (buf->p[buf->n - 1] != '{')
		buf_add_char(buf, ',');
	buf_printf(buf, "\"%s\":", name);
	buf_add_json(buf, value);
}

static void
add_overrides(struct buf *buf, struct arena *arena, const struct job *job)
{
	const struct material_preferences *materials = job->material_preferences;

	if (job->prompt.n > 0)
		add_member(buf, "prompt", job->prompt.n <= PROMPT_BYTES
		    ? job->prompt : utf8_repair(arena,
		    str_slice(job->prompt, 0, PROMPT_BYTES)));
	if (job->gem_data != NULL) {
		add_member(buf, "gem_type", job->gem_data->type);
		add_member(buf, "cut", job->gem_data->cut);
		add_member(buf, "color", job->gem_data->color);
	}
	if (materials == NULL)
		return;
	if (buf->p[buf->n - 1] != '{')
		buf_add_char(buf, ',');
	buf_addz(buf, "\"metals\":[");
	for (size_t i = 0; i < materials->metals.n; i++) {
		if (i > 0)
			buf_add_char(buf, ',');
		buf_add_json(buf, materials->metals.items[i]);
	}
	buf_add_char(buf, ']');
	if (materials->finish.p != NULL)
		add_member(buf, "finish", materials->finish);
}

/* Too much together: the provider's alone, and at last none. */
struct str
work_parameters(struct work *w, struct str told)
{
	const struct job *job = w->job;
	struct str parameters = STR_NULL;
	struct err err;
	struct buf buf;

	err_init(&err);
	if (doc_free_from_json(w->arena, told, &parameters, &err) != RC_OK
	    || w->request.is_refinement || (job->prompt.n == 0
	    && job->gem_data == NULL && job->material_preferences == NULL))
		return parameters;
	told = str_trim(told);
	buf_init(&buf, w->arena, 1024, PARAMETERS_BYTES);
	buf_add(&buf, told.p, told.n - 1);	/* without its brace */
	if (buf.p[buf.n - 1] != '{')
		buf_add_char(&buf, ',');
	buf_addz(&buf, "\"overrides\":{");
	add_overrides(&buf, w->arena, job);
	buf_addz(&buf, "}}");
	err_init(&err);
	if (!buf.failed)
		(void)!doc_free_from_json(w->arena, buf_str(&buf), &parameters,
		    &err);
	return parameters;
}
