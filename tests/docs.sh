# docs.sh - pages that are made from tables say what the tables say. Speaks TAP.
echo 1..2
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
