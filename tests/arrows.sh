# arrows.sh - checks that dependencies run one way: a folder includes and calls only the folders
# that the table below allows, no source calls itself by way of others, and outside libraries are
# seen only where the design says. Calls are read from the objects by nm, so a function that is
# declared elsewhere, or reached through a table, counts too. Speaks TAP.

# Folder, then the folders that it may use; it may always use itself.
allowed() {
    cat <<'TABLE'
engine/base
engine/nn        engine/base
engine/image     engine/base
engine/png       engine/base engine/image
engine/tiles     engine/base engine/image engine/nn engine/png
engine           engine/base engine/image engine/nn engine/png engine/tiles
server/base      ENGINE
server/access    ENGINE server/base
server/answer    ENGINE server/base
server/host      ENGINE server/base
server/models    ENGINE server/base
server/options   ENGINE server/base
server/work      ENGINE server/base server/access server/answer server/host server/models server/options
server/service   ENGINE server/base server/access server/answer server/host server/models server/options server/work
server/http      ENGINE server/base server/access server/answer server/host server/models server/options server/work server/service
server/commands  ENGINE server/base server/access server/answer server/host server/models server/options server/work server/service server/http
server           ENGINE server/base server/commands
TABLE
}

folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
. "$top_srcdir/tests/lib/claim.sh"
objects=$(cd "$top_builddir" && pwd) || exit 99
cd "$top_srcdir" || exit 99

# includes - prints "user used" for every include of a file of ours
includes() {
    grep -HE '^#[[:space:]]*include[[:space:]]*"' $(find engine server -name '*.[ch]' -o -name '*.inc') |
        sed -nE 's/^([^:]*):#[[:space:]]*include[[:space:]]*"([^"]*)".*/\1 \2/p' | grep -v ' config.h$'
}

# calls - prints "user used" for every symbol that the object of one source defines and that of another uses
calls() {
    (cd "$objects" && find engine server -name '*.o' -exec nm -A {} +) |
        sed -E 's/^([^:]*\/)([a-z0-9]+_a-)?([^:\/]*)\.o:/\1\3.c /' |
        awk 'NF == 4 && $3 ~ /^[TDBRVW]$/ { owner[$4] = owner[$4] " " $1 }
             $2 == "U" { users[$3] = users[$3] " " $1 }
             END {
                 for (name in users) {
                     split(users[name], user, " ")
                     count = split(owner[name], at, " ")
                     for (u in user) for (k = 1; k <= count; k++) print user[u], at[k]
                 }
             }'
}

# against_the_table - prints the edges of standard input that the table does not allow
against_the_table() {
    allowed | sed 's|ENGINE|engine engine/base engine/image engine/nn engine/png engine/tiles|' >"$folder/table"
    awk -v table="$folder/table" '
        function home(path) { sub(/\/[^\/]*$/, "", path); return path }
        BEGIN {
            while ((getline line <table) > 0) {
                count = split(line, word, " ")
                known[word[1]] = 1
                for (k = 1; k <= count; k++) may[word[1] " " word[k]] = 1
            }
        }
        !(home($1) in known) { print $1 ": its folder is not in the table"; next }
        !((home($1) " " home($2)) in may) { print $1 " -> " $2 }' | sort -u
}

# circles - prints the files in the edges of standard input that depend on each other, one line per circle
circles() {
    awk '$1 != $2' | sort -u | tsort 2>&1 >/dev/null | sed 's/^tsort: //' |
        awk '/loop:$/ { if (line) print line; line = ""; next } { line = line " " $0 } END { if (line) print line }'
}

# seen PATTERN FILES - prints the includes of an outside library that match PATTERN, in files that do not
# match FILES
seen() {
    find engine server -name '*.[ch]' -o -name '*.inc' | grep -vE "$2" |
        xargs grep -nE "^#[[:space:]]*include[[:space:]]*[<\"]($1)"
}

includes >"$folder/includes"
calls >"$folder/calls"

echo 1..13
claim "more than five hundred includes were read" \
    "$([ "$(wc -l <"$folder/includes")" -gt 500 ] || wc -l <"$folder/includes")"
claim "more than a thousand calls were read" \
    "$([ "$(wc -l <"$folder/calls")" -gt 1000 ] || wc -l <"$folder/calls")"
claim "includes run the way of the table" "$(against_the_table <"$folder/includes")"
claim "calls run the way of the table" "$(against_the_table <"$folder/calls")"
claim "an arrow the wrong way is found" \
    "$([ "$(echo engine/base/err.c server/base/errors.h | against_the_table)" ] || echo "it is not")"
claim "no circle of includes" "$(circles <"$folder/includes")"
claim "no circle of calls" "$(circles <"$folder/calls")"
claim "a circle is found" "$([ "$(printf 'a b\nb c\nc a\n' | circles)" ] || echo "it is not")"
claim "nothing of the product includes a test" "$(seen 'tests/' '^$')"
claim "microhttpd.h is seen in server/http alone" "$(seen microhttpd.h '^server/http/')"
claim "png.h is seen in engine/png alone" "$(seen 'png\.h' '^engine/png/')"
claim "isa-l is seen in engine/png alone" "$(seen 'isa-l' '^engine/png/')"
claim "jansson.h is seen in the JSON readers and the server alone" \
    "$(seen jansson.h '^(server/|engine/nn/[a-z0-9_]*json[a-z0-9_]*\.[ch]$)')"
