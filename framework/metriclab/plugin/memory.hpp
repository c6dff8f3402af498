// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace metriclab {

/// Has this process keep the memory it frees for what it allocates next. An iteration of a solver
/// needs the same large matrices as the one before; glibc gives those back to the system each time,
/// whose pages then have to be zeroed again when first touched, which takes longer than the
/// arithmetic on them. For a program to call as it starts; the most memory it needs stays the same.
inline void keep_freed_memory() {
#if defined(__GLIBC__)
  ::mallopt(M_MMAP_MAX, 0);
  ::mallopt(M_TRIM_THRESHOLD, -1);  // taken as unsigned: never
#endif
}

}  // namespace metriclab
