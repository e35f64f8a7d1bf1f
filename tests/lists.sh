# lists.sh - checks the lists of files in the build: every file in git is distributed, each file is
# in one list, and lists are sorted. Speaks TAP.
. "$top_srcdir/tests/lib/claim.sh"
build=$(cd "$top_builddir" && pwd) || exit 99
cd "$top_srcdir" || exit 99

# packed - prints the words by which `make dist` knows the files that it packs
packed() {
    printf 'include Makefile\nlist-of-lists.sh:\n\t@echo $(DISTFILES)\n' |
        make -s -C "$build" -f - list-of-lists.sh | tr ' ' '\n'
}
# distributed - prints these files as paths from the top
distributed() {
    packed | sed -E "s|^$PWD/||; s|^(.*/)?\.\./||; s|^\./||" | sort -u
}

# entries - prints "LIST FILE" for every line that consists of a file, in every makefile
entries() {
    awk '/^[A-Za-z_]+ \+?=/ { list = FILENAME ":" FNR }
         /^\t[^\t$ ]+( \\)?$/ { print list, $1 }' Makefile.am $(find . -name files.mk -not -path './build*')
}

echo 1..4
if [ -e .git ] && command -v git >/dev/null; then
    distributed >"$build/distributed.txt"
    claim "every file that git has is distributed" \
        "$(git ls-files | grep -vE '^\.github/' | sort -u | comm -23 - "$build/distributed.txt")"
    rm -f "$build/distributed.txt"
else
    skip_claim "every file that git has is distributed" "no git checkout"
fi
# make dist would run `check` if the script had no more than that name
claim "no file is packed by the name of a target" "$(packed | grep -xE 'all|check|clean|dist|docs|install|suite')"
claim "no file is listed twice" "$(entries | cut -d ' ' -f 2 | sort | uniq -d)"
claim "lists are sorted" \
    "$(entries | LC_ALL=C awk '$1 == list && $2 < last { print $1 ": " $2 " after " last } { list = $1; last = $2 }')"
