// SPDX-License-Identifier: BSD-3-Clause
#include <dlfcn.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

// To be preloaded: a machine on which things go wrong.
//
// METRICLAB_TEST_FULL=PART: the disk is full for files whose path contains PART; half of what is
// written first still fits.
// METRICLAB_TEST_CLOCK=1: the wall clock goes back by an hour at each look.

extern "C" {

ssize_t write(int file, const void* bytes, size_t count) {
  static const auto real =
      reinterpret_cast<ssize_t (*)(int, const void*, size_t)>(::dlsym(RTLD_NEXT, "write"));
  const char* full = std::getenv("METRICLAB_TEST_FULL");
  if (full == nullptr) return real(file, bytes, count);
  char link[32] = "/proc/self/fd/", path[4096];
  char* at = link + std::strlen(link);
  for (int divisor = 1000000; divisor > 0; divisor /= 10)
    if (file >= divisor || divisor == 1) *at++ = static_cast<char>('0' + file / divisor % 10);
  *at = '\0';
  const ssize_t length = ::readlink(link, path, sizeof path - 1);
  if (length <= 0) return real(file, bytes, count);
  path[length] = '\0';
  if (std::strstr(path, full) == nullptr) return real(file, bytes, count);
  if (count > 1 && ::lseek(file, 0, SEEK_CUR) == 0) return real(file, bytes, count / 2);
  errno = ENOSPC;
  return -1;
}

static time_t going_back(time_t now) {
  static time_t looks = 0;
  return std::getenv("METRICLAB_TEST_CLOCK") == nullptr ? now : now - 3600 * ++looks;
}

int clock_gettime(clockid_t clock, struct timespec* is) noexcept {
  static const auto real =
      reinterpret_cast<int (*)(clockid_t, struct timespec*)>(::dlsym(RTLD_NEXT, "clock_gettime"));
  const int failed = real(clock, is);
  if (failed == 0 && clock == CLOCK_REALTIME) is->tv_sec = going_back(is->tv_sec);
  return failed;
}

time_t time(time_t* is) noexcept {
  static const auto real = reinterpret_cast<time_t (*)(time_t*)>(::dlsym(RTLD_NEXT, "time"));
  const time_t now = going_back(real(nullptr));
  if (is != nullptr) *is = now;
  return now;
}

}  // extern "C"
