# layout.sh - checks that clang-format would change nothing. The version is that of Debian 12,
# because each version formats a little differently. Heavy because of its package: ./check --all
# installs it. Speaks TAP.
cd "$top_srcdir" || exit 99
if ! command -v clang-format-14 >/dev/null; then
    echo "1..0 # SKIP layout: no clang-format-14"
    exit 0
fi
echo 1..1
changed=$(find engine server tests -name '*.[ch]' | xargs clang-format-14 --dry-run 2>&1 | grep -E '^[a-z].*warning' | cut -d : -f 1 | sort -u)
if [ -z "$changed" ]; then echo "ok 1 - clang-format has nothing to change"; else
    echo "not ok 1 - clang-format has nothing to change"
    echo "$changed" | sed 's/^/# /'
fi
