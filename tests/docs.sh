# docs.sh - pages that are made from tables say what the tables say. Speaks TAP.
echo 1..5
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

# check TEXT COMMAND... - whether it succeeds.
number=4
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
check "the manual has every option" all_in_manual
check "bash completes commands and options" completes
