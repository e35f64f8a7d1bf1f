# hardened.sh - checks that the binary has the linker's mitigations: position-independent,
# relocations read-only and bound at the start, no executable stack. Speaks TAP.
skip() {
    echo "1..0 # SKIP $1"
    exit 0
}
command -v readelf >/dev/null || skip "hardening: no readelf"
binary=$top_builddir/upscaled
grep -qE '^STRICT_CFLAGS = .*-fsanitize=' "$top_builddir/Makefile" && skip "hardening: a sanitizer stands in its place"
grep -qE '^STRICT_CFLAGS = .*-fstack-protector-strong' "$top_builddir/Makefile" ||
    skip "hardening: configured without it"

. "$top_srcdir/tests/lib/claim.sh"

# lacks OPTION PATTERN - complains if no line of `readelf OPTION` matches
lacks() {
    readelf -W "$1" "$binary" | grep -qE "$2" || echo "no line of readelf $1 matches $2"
}
echo 1..4
claim "the program is position-independent" "$(lacks -h 'Type: +DYN')"
claim "relocations become read-only" "$(lacks -l 'GNU_RELRO')"
claim "symbols are bound at the start" "$(lacks -d 'FLAGS.* NOW')"
claim "the stack is not executable" "$(lacks -l 'GNU_STACK.* RW +0x')"
