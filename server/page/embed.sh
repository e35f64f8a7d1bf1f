# embed.sh FOLDER VERSION - prints a C file that holds the page, its Content-Security-Policy and the
# contract (server/service/page.h). Styles and scripts stand inside their pages and are allowed by hash.
set -eu
from=$1 version=$2
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

# digest FILE - its SHA-256 in base64, as the policy wants it.
digest() {
    sha256sum "$1" | cut -c 1-64 | sed 's/../0x& /g' | {
        read -r octets
        for octet in $octets; do
            # shellcheck disable=SC2059 # the format is the byte
            printf "\\$(printf %03o "$octet")"
        done
    } | base64
}

# fill FILE - the page with its style and script put in.
fill() {
    while IFS= read -r line; do
        case $line in
        *@STYLE@*) printf '<style>' && cat "$work/style" && echo '</style>' ;;
        *@SCRIPT@*) printf '<script>' && cat "$work/script" && echo '</script>' ;;
        *) printf '%s\n' "$line" ;;
        esac
    done <"$1"
}

# array NAME FILE - its bytes as text that ends with a zero byte. Characters and no numbers: whether
# char has a sign depends on the machine.
array() {
    echo "const char $1[] = {"
    od -An -v -tx1 "$2" | sed "s/ \\(..\\)/'\\\\x\\1',/g"
    echo '0};'
}

cat "$from/page.css" >"$work/style"
for part in pictures service page compare start; do
    cat "$from/$part.js"
done >"$work/script"
fill "$from/page.html" >"$work/page"
fill "$from/errors.html" >"$work/errors"
sed '/@ROWS@/,$d' "$work/errors" >"$work/errors_head"
sed '1,/@ROWS@/d' "$work/errors" >"$work/errors_tail"
sed "s/@VERSION@/$version/" "$from/openapi.json" >"$work/openapi"

common="default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
style="style-src 'sha256-$(digest "$work/style")'"
script="script-src 'sha256-$(digest "$work/script")'"
echo '/* Made by server/page/embed.sh from the files beside it. */'
echo '#include "server/service/page.h"'
array page_html "$work/page"
array page_errors_head "$work/errors_head"
array page_errors_tail "$work/errors_tail"
array page_openapi "$work/openapi"
echo "const char page_policy[] = \"$common; img-src blob: data:; connect-src 'self'; $style; $script\";"
echo "const char page_errors_policy[] = \"$common; img-src data:; $style\";"
