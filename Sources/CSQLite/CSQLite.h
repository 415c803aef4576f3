/* SQLite's C interface, and what of it Swift cannot say: a variadic call, a destructor that is a
   number. Everything here is documented at https://www.sqlite.org/c3ref/intro.html. */
#ifndef CHAT_CSQLITE_H
#define CHAT_CSQLITE_H

#include <sqlite3.h>

/* SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE: whether closing the connection leaves the files as they are. */
static inline int csqlite_leave_files_on_close(sqlite3 *database, int leave) {
  return sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, leave, (int *)0);
}

/* sqlite3_bind_text64 with SQLITE_TRANSIENT: SQLite copies the text. */
static inline int csqlite_bind_text(sqlite3_stmt *statement, int index, const char *text,
                                    sqlite3_uint64 bytes) {
  return sqlite3_bind_text64(statement, index, text, bytes, SQLITE_TRANSIENT, SQLITE_UTF8);
}

/* sqlite3_bind_blob64 with SQLITE_STATIC: the bytes must lie still until the statement is reset. */
static inline int csqlite_bind_still_blob(sqlite3_stmt *statement, int index, const void *bytes,
                                          sqlite3_uint64 count) {
  return count == 0 ? sqlite3_bind_zeroblob(statement, index, 0)
                    : sqlite3_bind_blob64(statement, index, bytes, count, SQLITE_STATIC);
}

/* sqlite3_bind_text64 with SQLITE_STATIC: the same. */
static inline int csqlite_bind_still_text(sqlite3_stmt *statement, int index, const void *text,
                                          sqlite3_uint64 bytes) {
  return sqlite3_bind_text64(statement, index, bytes == 0 ? "" : (const char *)text, bytes,
                             SQLITE_STATIC, SQLITE_UTF8);
}

#endif
