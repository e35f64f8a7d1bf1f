# docs.sh - pages that are made from tables say what the tables say. Speaks TAP.
echo 1..1
if "$top_builddir/upscaled" help --markdown | diff - "$top_srcdir/docs/options.md" >docs.diff; then
    echo "ok 1 - docs/options.md is what \`upscaled help --markdown\` prints"
else
    echo "not ok 1 - docs/options.md is out of date: make docs"
    sed 's/^/# /' docs.diff
fi
rm -f docs.diff
