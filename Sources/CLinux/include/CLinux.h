/* What Linux has and Swift's Glibc module does not show. Everything whose name does not begin with
   clinux_ is documented in the man page of the same name. */
#ifndef CHAT_CLINUX_H
#define CHAT_CLINUX_H

#include <malloc.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

/* Declared by glibc under _GNU_SOURCE only. */
extern int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
extern int fallocate(int fd, int mode, off_t offset, off_t count);
extern void *memmem(const void *bytes, size_t count, const void *wanted, size_t wanted_count);
extern int memfd_create(const char *name, unsigned int flags);
extern int pthread_setattr_default_np(const pthread_attr_t *attributes);
extern int pthread_setname_np(pthread_t thread, const char *name);
extern int renameat2(int from_folder, const char *from, int to_folder, const char *to,
                     unsigned int flags);

enum {
  CLINUX_SOCK_CLOEXEC = 02000000,
  CLINUX_MFD_CLOEXEC = 1,
  /* madvise(2), Linux 5.14; glibc 2.35 */
  CLINUX_MADV_POPULATE_WRITE = 23,
  CLINUX_EFD_CLOEXEC = 02000000,
  CLINUX_EFD_NONBLOCK = 04000,
  CLINUX_RENAME_NOREPLACE = 1,
  CLINUX_F_OFD_SETLK = 37,
  CLINUX_SIOCOUTQ = 0x5411,
  /* tcp(7); <netinet/tcp.h> */
  CLINUX_TCP_NOTSENT_LOWAT = 25
};

/* ioctl(2) is variadic, which Swift does not call. */
extern int ioctl(int fd, unsigned long request, ...);

/* tcp(7), SIOCOUTQ: bytes sent and not yet acknowledged; -1 and errno on error. */
static inline int clinux_unacknowledged_bytes(int fd) {
  int bytes = 0;
  return ioctl(fd, CLINUX_SIOCOUTQ, &bytes) == 0 ? bytes : -1;
}

/* How many arguments main was given, the program's name included. */
extern int clinux_argument_count(void);

/* One of them, as bytes; NULL if there is none of this number. It stays valid. */
extern const char *clinux_argument(int number);

/* tcp(7), TCP_INFO: bytes that the peer's system has acknowledged since the connection began
   (tcpi_bytes_acked, Linux 4.1; <netinet/tcp.h> ends before it); -1 and errno on error. */
static inline long long clinux_acknowledged_bytes(int fd) {
  enum { TCP_INFO_OPTION = 11, IPPROTO_TCP_LEVEL = 6, BYTES_ACKED = 120 };
  _Alignas(8) unsigned char info[256] = {0};
  socklen_t size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP_LEVEL, TCP_INFO_OPTION, info, &size) != 0) return -1;
  if (size < BYTES_ACKED + sizeof(long long)) return -1;
  long long bytes;
  __builtin_memcpy(&bytes, info + BYTES_ACKED, sizeof bytes);
  return bytes;
}

/* Guards a mapping of a file: if a page of it can't be had (SIGBUS: the file was shortened, the disk has no
   space for it or can't read it), the access goes on, to a page of zeros in its place, and the mapping is
   lost. Every other SIGBUS does what it did before the first mapping was guarded. Thread-safe.

   The number of its slot, of which there are 1,024; -1 and errno on error (ENOBUFS: none is free). */
extern int clinux_guard_mapping(const void *begin, size_t count);

/* Whether a page of a guarded mapping was missing. */
extern int clinux_mapping_is_lost(int number);

/* To be called before the mapping is removed, once nobody accesses it any more. */
extern void clinux_unguard_mapping(int number);

#endif
