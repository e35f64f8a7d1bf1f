# format.sh - weights/FORMAT.md is the contract: its examples load, and it names everything that the
# reader reads. Speaks TAP.
format=$top_srcdir/weights/FORMAT.md
nn=$top_srcdir/engine/nn
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT

. "$top_srcdir/tests/lib/claim.sh"

# words PATTERN FILE... - prints the quoted words in matching lines
words() {
    pattern=$1
    shift
    grep -ohE "$pattern" "$@" | sed 's/^[^"]*"//; s/".*//' | sort -u
}
# unnamed LEAST WORD... - prints the words that are not in FORMAT.md between backquotes. Complains if
# there are fewer than LEAST words, because the pattern that found them is then wrong.
unnamed() {
    least=$1
    shift
    [ $# -ge "$least" ] || echo "only $# words found, at least $least expected"
    for word in "$@"; do
        grep -qF "\`$word\`" "$format" || echo "$word"
    done
}
# checked - prints the faults of the examples
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
