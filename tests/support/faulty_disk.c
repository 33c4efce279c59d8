/* A disk that misbehaves, for the host under test: LD_PRELOAD this library and write into the file that
 * PB_DISK names ok            everything works full          every write to a database fails with ENOSPC
 *   read-only     ... with EROFS
 *   fsync         every fsync of one fails with EIO
 *   nth N         the N-th write or fsync from now on fails with EIO, once
 *   kill N        the N-th write or fsync from now on does not come: SIGKILL
 *   slow N        every fsync takes N ms more
 * Only files whose name holds ".db" are touched. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static _Thread_local int inside;
static atomic_int counted;
static char last[64];

static int is_database(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size <= 0) return 0;
  path[size] = 0;
  return strstr(path, ".db") != NULL;
}

/* The word of the control file, or "ok". */
static void read_control(char* out, size_t room) {
  strcpy(out, "ok");
  const char* name = getenv("PB_DISK");
  if (name == NULL) return;
  const int fd = open(name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  const ssize_t size = read(fd, out, room - 1);
  close(fd);
  out[size > 0 ? size : 0] = 0;
  out[strcspn(out, "\n")] = 0;
}

/* 0, or the errno with which this call fails. */
static int fault(int fd, int is_sync) {
  if (inside) return 0;
  inside = 1;
  int error = 0;
  char word[64];
  if (is_database(fd)) {
    read_control(word, sizeof word);
    if (strcmp(word, last) != 0) {
      strcpy(last, word);
      counted = 0;
    }
    int number = 0;
    if (!is_sync && strcmp(word, "full") == 0) error = ENOSPC;
    if (!is_sync && strcmp(word, "read-only") == 0) error = EROFS;
    if (is_sync && strcmp(word, "fsync") == 0) error = EIO;
    if (sscanf(word, "kill %d", &number) == 1 && atomic_fetch_add(&counted, 1) + 1 == number) raise(SIGKILL);
    if (sscanf(word, "nth %d", &number) == 1 && atomic_fetch_add(&counted, 1) + 1 == number) error = EIO;
    if (is_sync && sscanf(word, "slow %d", &number) == 1) {
      const struct timespec pause = {number / 1000, (long)(number % 1000) * 1000000};
      nanosleep(&pause, NULL);
    }
  }
  inside = 0;
  return error;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void* data, size_t size) {
  const int error = fault(fd, 0);
  if (error != 0) return errno = error, -1;
  return REAL(write)(fd, data, size);
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  const int error = fault(fd, 0);
  if (error != 0) return errno = error, -1;
  return REAL(pwrite)(fd, data, size, at);
}
ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  const int error = fault(fd, 0);
  if (error != 0) return errno = error, -1;
  return REAL(pwrite64)(fd, data, size, at);
}
int fsync(int fd) {
  const int error = fault(fd, 1);
  if (error != 0) return errno = error, -1;
  return REAL(fsync)(fd);
}
int fdatasync(int fd) {
  const int error = fault(fd, 1);
  if (error != 0) return errno = error, -1;
  return REAL(fdatasync)(fd);
}
