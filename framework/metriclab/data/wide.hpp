// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// In front of a function whose loops are compiled for several widths of vector registers, the
/// widest of which that the processor has is taken when it runs: the library is built for any
/// x86-64. Results may differ in the last bits from processor to processor, as those of a BLAS do.
/// Not for a plugin, since it brings an initialiser that runs when the library is opened.
/// (Sanitizers can't do with such functions.)
#if defined(__x86_64__) && defined(__gnu_linux__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__) && !defined(__clang__)
#define METRICLAB_WIDE __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define METRICLAB_WIDE
#endif
