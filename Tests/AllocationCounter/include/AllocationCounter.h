/* Counts what a program allocates. Linking it is enough: its malloc(3) and relatives take the place of the
   system's in the whole program, count, and call glibc's own. */
#ifndef CHAT_ALLOCATION_COUNTER_H
#define CHAT_ALLOCATION_COUNTER_H

/* How many allocations there were so far, by all threads; always 0 under the thread sanitizer, which brings an
   allocator of its own. */
long allocation_count(void);

#endif
