#include "config.h"

#include "app/unsubscribe.h"

#include "app/links.h"
#include "store/users.h"

/* Words of the set mail_list, and for people. */
static const struct {
	const char *list, *words;
} lists[] = {
	{ "new_features", "new features" },
	{ "design_tips", "design tips" },
};

static enum rc
read_token(struct app *app, struct str token, struct str *ret_user_id,
    struct str *ret_list, struct str *ret_words, struct err *err)
{
	if (link_unsubscribe_verify(&app->keyring, token, ret_user_id, ret_list))
		for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
			if (str_eqz(*ret_list, lists[i].list)) {
				*ret_words = str_of(lists[i].words);
				return RC_OK;
			}
	return err_set(err, RC_NOT_FOUND, "There is nothing here.");
}

enum rc
app_unsubscribe_list(struct app *app, struct str token, struct str *ret_list,
    struct err *err)
{
	struct str user_id, list;

	return read_token(app, token, &user_id, &list, ret_list, err);
}

enum rc
app_unsubscribe(struct app *app, struct arena *arena, struct str token,
    struct str *ret_list, struct err *err)
{
	struct str user_id, list;

	if (read_token(app, token, &user_id, &list, ret_list, err) != RC_OK)
		return err->rc;
	return users_unsubscribe(app->store, arena, user_id, list, err);
}
