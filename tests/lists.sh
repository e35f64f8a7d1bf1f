# lists.sh - the build's lists of files: everything that git has is distributed, each file stands in
# one list, and lists are sorted. Speaks TAP.
build=$(cd "$top_builddir" && pwd) || exit 99
cd "$top_srcdir" || exit 99

n=0
# claim NAME OFFENDERS - passes when OFFENDERS is empty
claim() {
    n=$((n + 1))
    if [ -z "$2" ]; then echo "ok $n - $1"; else
        echo "not ok $n - $1"
        echo "$2" | sed 's/^/# /'
    fi
}

# distributed - what `make dist` packs, as paths from the top
distributed() {
    printf 'include Makefile\nlist-of-lists.sh:\n\t@echo $(DISTFILES)\n' |
        make -s -C "$build" -f - list-of-lists.sh | tr ' ' '\n' |
        sed -E "s|^$PWD/||; s|^(.*/)?\.\./||; s|^\./||" | sort -u
}

# entries - "LIST FILE" for every line that is a file and nothing else, in every makefile
entries() {
    awk '/^[A-Za-z_]+ \+?=/ { list = FILENAME ":" FNR }
         /^\t[^\t$ ]+( \\)?$/ { print list, $1 }' Makefile.am $(find . -name files.mk -not -path './build*')
}

echo 1..3
if [ -e .git ] && command -v git >/dev/null; then
    distributed >"$build/distributed.txt"
    claim "every file that git has is distributed" \
        "$(git ls-files | grep -vE '^\.github/' | sort -u | comm -23 - "$build/distributed.txt")"
    rm -f "$build/distributed.txt"
else
    n=$((n + 1))
    echo "ok $n - every file that git has is distributed # SKIP no git checkout"
fi
claim "no file is listed twice" "$(entries | cut -d ' ' -f 2 | sort | uniq -d)"
claim "lists are sorted" \
    "$(entries | LC_ALL=C awk '$1 == list && $2 < last { print $1 ": " $2 " after " last } { list = $1; last = $2 }')"
