#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# docs/plugins.md shows the template of a loss as it is, and every other C++ file that it shows compiles.
# Arguments: the page, the templates, the build folder, whether the deep part is built, the compiler and its first
# arguments.
set -eu
page=$1 templates=$2 build=$3 deep=$4
shift 4
work=$(mktemp -d "${TMPDIR:-/tmp}/metriclab_docs_XXXXXX")
trap 'rm -rf "$work"' EXIT
awk -v folder="$work" '/^```cpp$/ { file = folder "/" ++count ".cpp"; next } /^```$/ { file = "" } file { print > file }' "$page"
diff "$templates/loss.cpp" "$work/1.cpp" || { echo "docs/plugins.md shows another loss than templates/loss.cpp"; exit 1; }
[ -f "$work/2.cpp" ]
[ "$deep" = true ] || rm "$work/1.cpp"
PKG_CONFIG_PATH=$build/meson-uninstalled
export PKG_CONFIG_PATH
flags=$(pkg-config --cflags metriclab)
[ "$deep" = false ] || flags=$(pkg-config --cflags metriclab_deep)
for file in "$work"/*.cpp; do
  "$@" -std=c++20 -Wall -Wextra -Wpedantic -Werror -fsyntax-only $flags "$file"
done
