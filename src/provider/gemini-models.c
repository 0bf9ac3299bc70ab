#include "config.h"

#include "provider/gemini-wire.h"

static const struct gemini_row rows[] = {
#define GEMINI_MODEL(name, input, text, image, t0, t1, t2, t3, sizes, ratios) \
	{ name, { input, text, image }, { t0, t1, t2, t3 }, sizes, ratios },
#include "provider/gemini-models.def"
#undef GEMINI_MODEL
};

/* The largest figures known, to rather over- than underestimate. */
static const struct gemini_row unknown = {
	NULL, { 0, 0, 0 }, { 1290, 1290, 1680, 2520 }, NULL, ""
};

static const char sizes[] = "512 1K 2K 4K";
static const char ratios[] =
    "1:1 1:4 1:8 2:3 3:2 3:4 4:1 4:3 4:5 5:4 8:1 9:16 16:9 21:9";

const struct gemini_row *
gemini_row(struct str model)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (str_eqz(model, rows[i].name))
			return &rows[i];
	return &unknown;
}

bool
gemini_words_hold(const char *words, struct str word)
{
	struct str rest = str_of(words);

	while (rest.p != NULL)
		if (str_eq(str_cut(&rest, ' '), word) && word.n > 0)
			return true;
	return false;
}

bool
gemini_size_known(struct str size)
{
	return gemini_words_hold(sizes, size);
}

bool
gemini_ratio_known(struct str ratio)
{
	return gemini_words_hold(ratios, ratio);
}

/* Dollars with at most six decimals as micro-dollars. */
static bool
read_dollars(struct str text, int64_t *ret_microusd)
{
	struct str whole = str_cut(&text, '.');
	int64_t microusd, digit, scale = 100000;

	if (whole.n > 6 || !str_to_i64(whole, &microusd) || microusd < 0
	    || (text.p != NULL && (text.n == 0 || text.n > 6)))
		return false;
	microusd *= 1000000;
	for (size_t i = 0; i < text.n; i++, scale /= 10) {
		if (!str_to_i64(str_slice(text, i, i + 1), &digit))
			return false;
		microusd += digit * scale;
	}
	*ret_microusd = microusd;
	return true;
}

static bool
read_price(struct str text, struct gemini_price *ret_price)
{
	struct str input = str_cut(&text, '/'), text_out;

	if (text.p == NULL)
		return false;
	text_out = str_cut(&text, '/');
	return text.p != NULL && read_dollars(input, &ret_price->input)
	    && read_dollars(text_out, &ret_price->text_out)
	    && read_dollars(text, &ret_price->image_out)
	    && ret_price->image_out > 0;
}

static bool
is_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'
		    || c == '.'))
			return false;
	}
	return name.n > 0 && name.n <= 80;
}

static enum rc
read_model(struct str text, struct gemini_model *model, struct err *err)
{
	struct str price = text;

	model->name = str_cut(&price, '=');
	model->price = gemini_row(model->name)->price;
	if (!is_name(model->name))
		return err_set(err, RC_INVALID,
		    "A model's name consists of a-z, 0-9, '-' and '.', without \"models/\".");
	if (price.p == NULL && gemini_row(model->name)->name == NULL)
		return err_set(err, RC_INVALID, "The price of %.*s is not known: "
		    "say %.*s=input/text/image in dollars per million tokens.",
		    STR_FMT(model->name), STR_FMT(model->name));
	if (price.p != NULL && !read_price(price, &model->price))
		return err_set(err, RC_INVALID,
		    "The price of %.*s is not of the form 0.30/2.50/30.",
		    STR_FMT(model->name));
	return RC_OK;
}

enum rc
gemini_models_read(struct arena *arena, const struct str *items, size_t count,
    const struct gemini_model **ret_models, struct err *err)
{
	struct gemini_model *models = arena_many(arena, count, struct gemini_model);
	enum rc rc;

	if (count == 0 || count > GEMINI_MODELS_MAX)
		return err_set(err, RC_INVALID, "One to %d models must be listed.",
		    GEMINI_MODELS_MAX);
	for (size_t i = 0; i < count; i++)
		if ((rc = read_model(arena_str(arena, items[i]), &models[i], err))
		    != RC_OK)
			return rc;
	*ret_models = models;
	return RC_OK;
}
