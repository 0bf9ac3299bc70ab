#include "config.h"

#include "app/share-read.h"

#include "app/designs.h"
#include "base/clock.h"
#include "blob/blob.h"
#include "crypt/base64url.h"
#include "crypt/share-token.h"
#include "gems/gems.h"
#include "provider/render-design.h"
#include "store/designs.h"

enum { TEXT_MAX = 2048, ETAG_BYTES = 16, TAG_BYTES = 8 };

/* --- words --------------------------------------------------------------- */

/* As the catalogue writes it when it is a name of it, else as it was typed; "" of a
 * document that is damaged there. */
static struct str
named(struct str text, const char *name)
{
	if (text.p == NULL)
		return STR("");
	return name != NULL && str_eq_nocase(str_trim(text), str_of(name))
	    ? str_of(name) : str_trim(text);
}

static struct str
type_name(const struct gem_data *gem)
{
	const struct gem_species *row = gems_find_species(gem->type);

	return named(gem->type, row != NULL ? row->name : NULL);
}

static struct str
cut_name(const struct gem_data *gem)
{
	const struct gem_cut *row = gems_find_cut(gem->cut);

	return named(gem->cut, row != NULL ? row->name : NULL);
}

static struct str
color_name(const struct gem_data *gem)
{
	const struct gem_species *species = gems_find_species(gem->type);
	const struct gem_color *row = gems_find_color(species != NULL
	    ? species->id : GEM_ANY, gem->color);

	return named(gem->color, row != NULL ? row->name : NULL);
}

/* ASCII letters only: other ones stay as they were typed. */
static struct str
with_case(struct arena *arena, struct str text, bool upper_first)
{
	char *p = arena_strz(arena, text);

	for (size_t i = 0; i < text.n; i++) {
		bool up = upper_first && i == 0;

		if (up ? p[i] >= 'a' && p[i] <= 'z' : p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] ^ 0x20);
	}
	return (struct str){ p, text.n };
}

/* Names of the catalogue read as words of a sentence; what was typed is left alone. */
static struct str
in_sentence(struct arena *arena, struct str text, bool is_name, bool begins)
{
	return is_name ? with_case(arena, text, begins) : text;
}

static struct str
millimetres(struct arena *arena, const struct dimensions *d)
{
	double sides[3] = { d->length_mm, d->width_mm, d->height_mm };
	struct buf buf;

	buf_init(&buf, arena, 64, 128);
	for (int i = 0; i < 3; i++)
		if (!isnan(sides[i]))
			buf_printf(&buf, "%s%.6g", buf.n > 0 ? " x " : "",
			    sides[i]);
	if (buf.n == 0)
		return STR_NULL;
	buf_addz(&buf, " mm");
	return buf_str(&buf);
}

static struct str
size_of(struct arena *arena, const struct gem_data *gem)
{
	struct str size = STR_NULL;

	if (!isnan(gem->size.carat_weight))
		return arena_printf(arena, "%.6g ct", gem->size.carat_weight);
	if (gem->size.dimensions != NULL)
		size = millimetres(arena, gem->size.dimensions);
	return size.p != NULL ? size : gem->size.simple;
}

/* "Ruby, oval, 1.2 ct" */
static struct str
stone_of(struct arena *arena, const struct gem_data *gem,
    const struct share_view *view)
{
	bool is_cut = gems_find_cut(gem->cut) != NULL && str_eqz(view->cut,
	    gems_find_cut(gem->cut)->name);
	struct buf buf;

	buf_init(&buf, arena, 128, TEXT_MAX);
	buf_add_str(&buf, view->gem_type);
	if (view->cut.n > 0) {
		buf_addz(&buf, buf.n > 0 ? ", " : "");
		buf_add_str(&buf, in_sentence(arena, view->cut, is_cut, false));
	}
	if (view->size.n > 0) {
		buf_addz(&buf, buf.n > 0 ? ", " : "");
		buf_add_str(&buf, in_sentence(arena, view->size,
		    str_eq(view->size, gem->size.simple), false));
	}
	return buf_str(&buf);
}

/* "Rose gold, yellow gold and platinum" */
static struct str
metals_of(struct arena *arena, const struct str_list *metals)
{
	struct buf buf;

	buf_init(&buf, arena, 128, TEXT_MAX);
	for (size_t i = 0; i < metals->n; i++) {
		const struct gem_metal *row = gems_find_metal(metals->items[i]);
		struct str name = named(metals->items[i],
		    row != NULL ? row->name : NULL);

		if (i > 0)
			buf_addz(&buf, i + 1 == metals->n ? " and " : ", ");
		buf_add_str(&buf, in_sentence(arena, name, row != NULL
		    && str_eqz(name, row->name), i == 0));
	}
	return buf_str(&buf);
}

/* "Ruby ring": the stone, and the piece where the prompt names one. It is seen on the
 * picture, so it tells nothing of the prompt. */
static struct str
title_of(struct arena *arena, const struct design *design,
    const struct share_view *view)
{
	struct str title = str_trim(design->share_settings.title);
	const char *piece;

	if (title.n > 0)
		return title;
	if (view->gem_type.n == 0)
		return STR("A jewelry design");
	piece = render_piece_in(design->original_prompt);
	return arena_printf(arena, "%.*s %s", STR_FMT(view->gem_type),
	    piece != NULL ? piece : "design");
}

/* --- the picture --------------------------------------------------------- */

static struct str
last_part(struct str key)
{
	(void)str_cut(&key, '/');
	return key;
}

/* The version that the design shows; false when there is none of that id. */
static bool
find_picture(const struct design *design, struct share_picture *ret_picture)
{
	struct str id, full = STR_NULL, thumbnail = STR_NULL;

	if (design->current_version == NULL)
		return false;
	id = design->current_version->image_id;
	for (size_t i = 0; i < design->generated_images.n; i++)
		if (str_eq(design->generated_images.items[i].image_id, id)) {
			full = design->generated_images.items[i].image_url;
			thumbnail = design->generated_images.items[i].thumbnail_url;
		}
	for (size_t i = 0; i < design->refinements.n; i++)
		if (str_eq(design->refinements.items[i].refinement_id, id)) {
			full = design->refinements.items[i].refined_image_url;
			thumbnail =
			    design->refinements.items[i].refined_thumbnail_url;
		}
	*ret_picture = (struct share_picture){ .key = full,
		.name = last_part(full), .thumbnail_key = thumbnail,
		.thumbnail_name = last_part(thumbnail) };
	/* A key that a row has let pass may still be none of an object. */
	return blob_key_ok(full) && blob_key_ok(thumbnail);
}

/* --- reading ------------------------------------------------------------- */

/* The same for whatever is not to be seen. */
static enum rc
nothing(struct err *err)
{
	err_init(err);
	return err_set(err, RC_NOT_FOUND, "There is nothing here.");
}

enum rc
share_read(struct app *app, struct arena *arena, struct str token,
    struct design *ret_design, struct err *err)
{
	struct share_picture picture;
	struct design design;
	char id[UUID_TEXT];
	struct str doc;
	enum rc rc;

	if (!share_token_open(&app->keyring, token, id))
		return nothing(err);
	rc = designs_find(app->store, arena, (struct str){ id, sizeof id }, &doc,
	    err);
	if (rc == RC_NOT_FOUND)
		return nothing(err);
	if (rc != RC_OK)
		return rc;
	doc_read(&doc_design, doc, &design, arena);
	/* The design says which one opens it: links before it were as good once. */
	if (!str_eq_ct(design.share_settings.share_token, token)
	    || !design.share_settings.is_shared || design.is_deleted
	    || !find_picture(&design, &picture))
		return nothing(err);
	*ret_design = design;
	return RC_OK;
}

enum rc
app_shares_read_ahead(struct app *app, struct arena *arena,
    const struct str *tokens, size_t n, struct err *err)
{
	struct str *ids = arena_many(arena, n, struct str);
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		char *id = arena_array(arena, 1, UUID_TEXT);

		if (share_token_open(&app->keyring, tokens[i], id))
			ids[count++] = (struct str){ id, UUID_TEXT };
	}
	return app_designs_read_ahead(app, arena, ids, count, err);
}

bool
share_is_over(const struct design *design)
{
	int64_t expires = design->share_settings.expires_at;

	return expires != TIME_NULL && expires <= clock_now_ms();
}

bool
share_is_locked(const struct design *design)
{
	return design->share_settings.password_protected
	    || design->share_settings.password_hash.p != NULL;
}

static enum share_state
state_of(const struct app *app, struct arena *arena, const struct design *design,
    struct str unlock)
{
	if (share_is_over(design))
		return SHARE_EXPIRED;
	if (!share_is_locked(design))
		return SHARE_OPEN;
	return share_unlock_ok(app, arena, &design->share_settings, unlock)
	    ? SHARE_UNLOCKED : SHARE_LOCKED;
}

/* --- tags, versions ------------------------------------------------------ */

static struct str
tag_of(const struct app *app, struct arena *arena, const char *kind,
    struct str id)
{
	unsigned char mac[SHA256_BYTES];
	struct buf buf;

	buf_init(&buf, arena, 128, 1024);
	buf_addz(&buf, kind);
	buf_add_char(&buf, '|');
	buf_add_str(&buf, id);
	hmac_sha256_kept(keyring_key(&app->keyring, KEY_TAG), buf_str(&buf), mac);
	buf_init(&buf, arena, 32, 32);
	buf_addz(&buf, kind);
	buf_add_char(&buf, '-');
	buf_add_hex(&buf, mac, TAG_BYTES);
	return buf_str(&buf);
}

struct str
app_share_tag(const struct app *app, struct arena *arena, struct str token)
{
	return tag_of(app, arena, "s", token);
}

struct str
app_design_tag(const struct app *app, struct arena *arena, struct str design_id)
{
	return tag_of(app, arena, "d", design_id);
}

/* Of everything that is shown, each with its length, so that no two views have the
 * same text. */
static struct str
etag_of(struct arena *arena, const struct share_view *view)
{
	const struct str shown[] = { view->token, view->title, view->prompt,
		view->stone, view->gem_type, view->cut, view->size, view->color,
		view->transparency, view->metals, view->finish,
		view->picture.name, view->picture.thumbnail_name };
	unsigned char digest[SHA256_BYTES];
	struct buf buf;

	buf_init(&buf, arena, 1024, 64 * 1024);
	buf_printf(&buf, "%d %lld %lld", (int)view->state,
	    (long long)view->created_at_ms, (long long)view->expires_ms);
	for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
		buf_add_char(&buf, ' ');
		buf_add_i64(&buf, shown[i].p == NULL ? -1 : (int64_t)shown[i].n);
		buf_add_char(&buf, ' ');
		buf_add_str(&buf, shown[i]);
	}
	sha256(buf_str(&buf), digest);
	return base64url(arena, digest, ETAG_BYTES);
}

/* --- the view ------------------------------------------------------------ */

static void
fill_words(struct arena *arena, const struct design *design,
    struct share_view *view)
{
	const struct gem_data *gem = &design->gem_data;
	const struct material_preferences *materials =
	    &design->material_preferences;

	view->gem_type = type_name(gem);
	view->cut = cut_name(gem);
	view->color = color_name(gem);
	view->transparency = named(gem->transparency, NULL);
	view->size = size_of(arena, gem);
	view->stone = stone_of(arena, gem, view);
	view->metals = metals_of(arena, &materials->metals);
	view->finish = materials->finish;
	view->title = title_of(arena, design, view);
	if (design->share_settings.show_prompt)
		view->prompt = design->original_prompt;
}

enum rc
app_share_view(struct app *app, struct arena *arena, struct str token,
    struct str unlock, struct share_view *ret_view, struct err *err)
{
	struct share_view view = { .token = token };
	struct design design;

	if (share_read(app, arena, token, &design, err) != RC_OK)
		return err->rc;
	(void)find_picture(&design, &view.picture);
	view.state = state_of(app, arena, &design, unlock);
	view.design_id = design.id;
	view.owner_id = design.user_id;
	view.password_protected = share_is_locked(&design);
	view.created_at_ms = design.created_at;
	view.expires_ms = design.share_settings.expires_at;
	if (view.state == SHARE_OPEN || view.state == SHARE_UNLOCKED)
		fill_words(arena, &design, &view);
	else
		view.picture = (struct share_picture){ .key = STR_NULL };
	view.etag = etag_of(arena, &view);
	view.tag_share = app_share_tag(app, arena, token);
	view.tag_design = app_design_tag(app, arena, design.id);
	*ret_view = view;
	return RC_OK;
}
