/* Mappings whose pages may be missing (SIGBUS): see clinux_guard_mapping in CLinux.h. */
#include "CLinux.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* What the two lowest bits of a slot's version say. Begin and end are changed while it is `changing`
   alone, and each change makes another version. */
enum { FREE = 0, CHANGING = 1, GUARDED = 2, STATES = 3 };

struct slot {
  _Atomic unsigned long version;
  _Atomic uintptr_t begin, end;
  _Atomic int is_lost;
};

static struct slot slots[1024];
enum { SLOT_COUNT = sizeof slots / sizeof *slots };

static uintptr_t page_size;
static struct sigaction previous;
static int installation_error;

/* The slot whose mapping has an address, NULL if there is none. Slots that other threads change meanwhile
   are left out: none of them is the one of a mapping that is being accessed. All accesses are sequentially
   consistent, so that begin and end belong together if the version is the same before and after. */
static struct slot *slot_of(uintptr_t address) {
  for (int number = 0; number < SLOT_COUNT; number++) {
    struct slot *slot = &slots[number];
    unsigned long version = slot->version;
    if ((version & STATES) != GUARDED) continue;
    uintptr_t begin = slot->begin, end = slot->end;
    if (address >= begin && address < end && slot->version == version) return slot;
  }
  return NULL;
}

/* As if this handler weren't there. */
static void hand_on(int number, siginfo_t *information, void *context) {
  if (previous.sa_flags & SA_SIGINFO) {
    previous.sa_sigaction(number, information, context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(number);
  } else if (information->si_code > 0 || previous.sa_handler == SIG_DFL) {
    /* What somebody sent comes again as soon as this returns; a failed access is made again. The system
       ignores no failed access, whatever it was told. */
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigaction(number, &standard, NULL);
    if (information->si_code <= 0) raise(number);
  }
}

/* mmap(2) is not among the functions that signal-safety(7) lists; on Linux it is the system call alone. */
static void page_is_missing(int number, siginfo_t *information, void *context) {
  int error = errno;
  uintptr_t address = (uintptr_t)information->si_addr;
  /* Only these two tell of a page: si_addr means nothing in a signal that somebody sent. */
  int is_page = information->si_code == BUS_ADRERR || information->si_code == BUS_MCEERR_AR;
  struct slot *slot = is_page ? slot_of(address) : NULL;
  if (slot) slot->is_lost = 1;
  if (!slot || mmap((void *)(address & ~(page_size - 1)), page_size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED)
    hand_on(number, information, context);
  errno = error;
}

static void install(void) {
  page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
  struct sigaction action = {.sa_sigaction = page_is_missing,
                             .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
  sigemptyset(&action.sa_mask);
  /* Asked for first: the handler may run as soon as it is there. */
  if (sigaction(SIGBUS, NULL, &previous) != 0 || sigaction(SIGBUS, &action, NULL) != 0)
    installation_error = errno;
}

int clinux_guard_mapping(const void *begin, size_t count) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install);
  if (installation_error != 0) {
    errno = installation_error;
    return -1;
  }
  for (int number = 0; number < SLOT_COUNT; number++) {
    struct slot *slot = &slots[number];
    unsigned long version = slot->version;
    if ((version & STATES) != FREE
        || !atomic_compare_exchange_strong(&slot->version, &version, version | CHANGING))
      continue;
    slot->begin = (uintptr_t)begin;
    slot->end = (uintptr_t)begin + count;
    slot->is_lost = 0;
    slot->version = version | GUARDED;
    return number;
  }
  errno = ENOBUFS;
  return -1;
}

int clinux_mapping_is_lost(int number) { return slots[number].is_lost; }

void clinux_unguard_mapping(int number) {
  struct slot *slot = &slots[number];
  slot->version = (slot->version | STATES) + 1;
}
