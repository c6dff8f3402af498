#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Each installed header compiles by itself, with the flags that pkg-config gives an author.
# Arguments: the build folder, the compiler and its first arguments.
set -eu
build=$1
shift
work=$(mktemp -d "${TMPDIR:-/tmp}/metriclab_headers_XXXXXX")
trap 'rm -rf "$work"' EXIT
export PKG_CONFIG_PATH=$build/meson-uninstalled
flags=$(pkg-config --cflags metriclab_deep 2>/dev/null || pkg-config --cflags metriclab)
meson introspect --installed "$build" | tr '{},' '\n' | sed -n 's,.*": ".*/include/\(metriclab/.*\.hpp\)"$,\1,p' |
  sort >"$work/headers"
[ -s "$work/headers" ]
while read -r header; do
  echo "#include <$header>" >"$work/$(echo "$header" | tr / _).cpp"
done <"$work/headers"
ls "$work"/*.cpp | xargs -P "$(nproc)" -n 1 "$@" -std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Werror $flags
echo "$(wc -l <"$work/headers") headers"
