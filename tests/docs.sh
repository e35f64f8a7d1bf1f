# docs.sh - checks that generated pages agree with the tables, that links and names in pages lead
# somewhere, and that prose is at most 120 columns wide. Speaks TAP.
echo 1..12
check_page() {
    if "$top_builddir/upscaled" help "$2" | diff - "$top_srcdir/docs/$3" >docs.diff; then
        echo "ok $1 - docs/$3 is what \`upscaled help $2\` prints"
    else
        echo "not ok $1 - docs/$3 is out of date: make docs"
        sed 's/^/# /' docs.diff
    fi
    rm -f docs.diff
}
check_page 1 --markdown options.md
check_page 2 --metrics metrics.md
check_page 3 --errors errors.md
check_page 4 --limits limits.md

# check TEXT COMMAND... - makes a claim: the command succeeds.
number=5
check() {
    text=$1
    shift
    if "$@"; then echo "ok $number - $text"; else echo "not ok $number - $text"; fi
    number=$((number + 1))
}

# Every option of the help is in the manual and in the completion.
options=$(for command in serve convert models health bench; do
    "$top_builddir/upscaled" help "$command" | sed -n 's/^  --\([a-z-]*\).*/\1/p'
done | sort -u)
all_in_manual() {
    "$top_builddir/upscaled" help --man | sed 's/\\-/-/g' >manual.txt
    for option in $options; do
        grep -qE "^\.B --$option( |\$)" manual.txt || { echo "# --$option"; return 1; }
    done
    rm -f manual.txt
}
completes() {
    "$top_builddir/upscaled" help --completion >completion.bash
    done=$(bash -c '. ./completion.bash; COMP_WORDS=(upscaled convert --out); COMP_CWORD=2
        _upscaled; echo "${COMPREPLY[*]}"; COMP_WORDS=(upscaled con); COMP_CWORD=1; _upscaled; echo "${COMPREPLY[*]}"')
    rm -f completion.bash
    [ "$done" = "--output-dir
convert" ]
}

# Every limit says what is answered beyond it.
all_answered() {
    ! grep '| ? |' "$top_srcdir/docs/limits.md"
}

# pages - prints the pages that are written for people.
pages() {
    find "$top_srcdir" -name '*.md' -not -path '*/build*' -not -path '*/node_modules/*' -not -path '*/shared/*'
}

# Relative links of all pages lead somewhere.
links_lead() {
    pages | while read -r page; do
        grep -oE '\]\([^)#: ]+[)#]' "$page" | sed 's/^..//; s/.$//' | while read -r target; do
            [ -e "$(dirname "$page")/$target" ] || echo "# ${page#"$top_srcdir"/}: $target"
        done
    done >links.txt
    cat links.txt
    [ ! -s links.txt ]
    status=$?
    rm -f links.txt
    return $status
}

# named PAGE - prints the files that a page names in backticks: by their path from the top, or from the
# page if a folder of that name is beside it
named() {
    grep -oE '`[A-Za-z0-9_][A-Za-z0-9_.-]*/[A-Za-z0-9_./*-]+`' "$1" | tr -d '`' | sort -u | while read -r file; do
        case $file in
        engine/* | server/* | tests/* | weights/* | deploy/*) echo "$top_srcdir/$file" ;;
        *.*) [ ! -d "$(dirname "$1")/${file%%/*}" ] || echo "$(dirname "$1")/$file" ;;
        esac
    done
}
# Files of this tree that pages name in backticks exist.
files_are_there() {
    pages | while read -r page; do
        named "$page" | while read -r file; do
            # shellcheck disable=SC2086 # a pattern
            ls -d $file >ignored.txt 2>&1 || echo "# ${page#"$top_srcdir"/}: ${file#"$top_srcdir"/}"
        done
    done >files.txt
    cat files.txt
    [ ! -s files.txt ]
    status=$?
    rm -f files.txt ignored.txt
    return $status
}
# Links to a heading, in this page or another, name a heading that exists.
headings_are_there() {
    pages | while read -r page; do
        grep -oE '\]\([^)#: ]*#[^) ]+' "$page" | cut -c 3- | while IFS='#' read -r target heading; do
            headings "$(dirname "$page")/${target:-$(basename "$page")}" | grep -qxF "$heading" ||
                echo "# ${page#"$top_srcdir"/}: $target#$heading"
        done
    done >headings.txt
    cat headings.txt
    [ ! -s headings.txt ]
    status=$?
    rm -f headings.txt
    return $status
}
# headings PAGE - prints its headings as links name them
headings() {
    awk '/^```/ { code = !code } !code && /^#+ / { sub(/^#+ /, ""); print tolower($0) }' "$1" |
        sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}

# wide PAGE... - prints the lines of prose over 120 columns; tables, code, pictures and headings are not
# prose
wide() {
    LC_ALL=C.UTF-8 awk 'FNR == 1 { code = 0 } /^ *```/ { code = !code; next }
        !code && !/^(\||    |#|<!--|!\[)/ && length > 120 { print "# " FILENAME ":" FNR ": " length " columns" }' "$@"
}
narrow() {
    pages | while read -r page; do wide "$page"; done >wide.txt
    cat wide.txt
    [ ! -s wide.txt ]
    status=$?
    rm -f wide.txt
    return $status
}
# The two checks above find faults.
faults_are_found() {
    printf '# A b\n%0121d\n| %0121d |\n```\n%0121d\n```\n' 0 0 0 >faulty.md
    [ "$(wide faulty.md)" = "# faulty.md:2: 121 columns" ] && [ "$(headings faulty.md)" = a-b ]
    status=$?
    rm -f faulty.md
    return $status
}
check "every limit says what is answered beyond it" all_answered
check "links between pages lead somewhere" links_lead
check "headings that links name are there" headings_are_there
check "files that pages name are there" files_are_there
check "prose is at most 120 columns wide" narrow
check "lines that are too wide are found" faults_are_found
check "the manual has every option" all_in_manual
check "bash completes commands and options" completes
