/*
 * role.h - what the user of MongoDB that bezel connects as may do, by collection.
 */
#ifndef BEZEL_STORE_ROLE_H
#define BEZEL_STORE_ROLE_H

#include "base/buf.h"

/* etc/mongodb-role.json: the command createRole, for a database "bezel". Every
 * collection of the rows is in it, and no other. */
void store_print_role(struct buf *buf);

#endif
