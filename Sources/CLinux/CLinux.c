#include "CLinux.h"

static int argument_count;
static char **arguments;

/* glibc calls what .init_array lists with main's arguments, before main, also where it is linked
   statically. Swift's own CommandLine reads /proc/self/cmdline, which a chroot need not have. */
__attribute__((constructor)) static void note_arguments(int count, char **values) {
  argument_count = count;
  arguments = values;
}

int clinux_argument_count(void) { return argument_count; }

const char *clinux_argument(int number) {
  return number >= 0 && number < argument_count ? arguments[number] : NULL;
}
