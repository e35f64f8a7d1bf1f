# format.sh - weights/FORMAT.md is the contract: its examples load, and it names everything that the
# reader reads. Speaks TAP.
format=$top_srcdir/weights/FORMAT.md
nn=$top_srcdir/engine/nn
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT

. "$top_srcdir/tests/lib/claim.sh"

# words PATTERN FILE... - the quoted words in what matches
words() {
    pattern=$1
    shift
    grep -ohE "$pattern" "$@" | sed 's/^[^"]*"//; s/".*//' | sort -u
}
# unnamed LEAST WORD... - those that do not stand in FORMAT.md between backquotes; a complaint where
# there are fewer than LEAST, for then the pattern that found them is wrong
unnamed() {
    least=$1
    shift
    [ $# -ge "$least" ] || echo "only $# words found, at least $least expected"
    for word in "$@"; do
        grep -qF "\`$word\`" "$format" || echo "$word"
    done
}
# checked - what is wrong with the examples, if anything
checked() {
    [ -f "$folder/2.json" ] || echo "fewer than two examples found"
    for file in "$folder"/*.json; do
        "$top_builddir/upscaled" models check "$file" 2>&1 >/dev/null || echo "$file is refused"
    done
}

echo 1..3
awk -v folder="$folder" '/^```json$/ { on = 1; file = folder "/" ++n ".json"; next }
    /^```$/ { on = 0 } on { print >file }' "$format"
claim "the examples load" "$(checked)"
# shellcheck disable=SC2046 # lists of words
{
    claim "every key of a model, a layer and waifu2x's JSON is explained" "$(unnamed 40 \
        $(words 'ROW\("[a-z_]+"|^    \{"[a-z]+", (true|false)|^    \{"[A-Za-z]+", offsetof' \
            "$nn"/model_json*.c) \
        name input type class_name model_config arch_name offset channels resize created_at)"
    claim "every kind of layer is explained" \
        "$(unnamed 14 $(words '= (\{|ACTIVATION\()"[a-z0-9_]+"' "$nn/layers_table.c"))"
}
