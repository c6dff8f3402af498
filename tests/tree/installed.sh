#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# What an author has: an installed metriclab, moved from where it was installed. A plugin of each kind that
# `metriclab new` knows is built out of the tree against it, and passes its own test; and a loss against the build tree,
# by the very commands that `metriclab new` prints.
# Arguments: the build folder, the prefix, the kinds, the sanitizer of the build.
set -eu
build=$1 prefix=$2 kinds=$3 sanitize=$4
unset METRICLAB_PLUGIN_PATH METRICLAB_DATA LD_LIBRARY_PATH PKG_CONFIG_PATH DESTDIR
work=$(mktemp -d "${TMPDIR:-/tmp}/metriclab_installed_XXXXXX")
trap 'rm -rf "$work"' EXIT
fail() { echo "$*"; exit 1; }

DESTDIR=$work/staged meson install -C "$build" --no-rebuild --quiet
mv "$work/staged$prefix" "$work/moved"
metriclab=$work/moved/bin/metriclab

echo "== the installed command has the plugins of the build, from where it stands"
"$build/metriclab" list >"$work/built"
"$metriclab" list >"$work/installed"
diff "$work/built" "$work/installed"
some=$("$metriclab" describe solver lda | sed -n 's/^library: //p')
[ "$some" = "${some#"$work/moved/"}" ] && fail "solver lda comes from $some, not from the installation"

echo "== a plugin of each kind: $kinds"
all=$work/all
mkdir -p "$all/subprojects"
echo "project('all', 'cpp', default_options: ['cpp_std=c++20', 'optimization=3', 'warning_level=3', 'werror=true'])" >"$all/meson.build"
for kind in $kinds; do
  "$metriclab" new "$kind" "my_$kind" --folder "$all/subprojects" >/dev/null
  echo "subproject('my_$kind')" >>"$all/meson.build"
done
place=$(sed -n "s/.*'pkg_config_path=\(.*\)'.*/\1/p" "$all/subprojects/my_solver/meson.build")
[ -f "$place/metriclab.pc" ] || fail "there is no metriclab.pc in $place"
meson setup "-Db_sanitize=$sanitize" "-Dpkg_config_path=$place" "$all/build" "$all" >"$work/log" || fail "$(cat "$work/log")"
meson test -C "$all/build" --print-errorlogs >"$work/log" || fail "$(cat "$work/log")"
grep -E '^(Ok|Fail):' "$work/log"
for kind in $kinds; do
  grep -q "\"name\": \"my_$kind\"" "$all/build/subprojects/my_$kind/my_$kind.json" || fail "my_$kind has no declaration beside it"
done

case $kinds in *loss*) kind=loss ;; *) kind=solver ;; esac
echo "== a $kind against the build tree, by the commands that metriclab new prints"
cd "$work"
"$build/metriclab" new $kind mine >"$work/said"
sed -n "s/^    \(meson setup\)/\1 -Db_sanitize=$sanitize/p; s/^    \(meson test\)/\1/p" "$work/said" >"$work/commands"
[ "$(wc -l <"$work/commands")" = 2 ] || fail "two commands are not there in: $(cat "$work/said")"
sh -e "$work/commands"
"$build/metriclab" --plugin-path mine/build describe $kind mine | grep -q "^library: $work/mine/build/mine.so$"
