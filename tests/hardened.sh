# hardened.sh - the linker's mitigations are in the binary: position-independent, relocations read-only
# and bound at the start, no executable stack. Speaks TAP.
skip() {
    echo "1..0 # SKIP $1"
    exit 0
}
command -v readelf >/dev/null || skip "hardening: no readelf"
binary=$top_builddir/upscaled
grep -qE '^STRICT_CFLAGS = .*-fsanitize=' "$top_builddir/Makefile" && skip "hardening: a sanitizer stands in its place"
grep -qE '^STRICT_CFLAGS = .*-fstack-protector-strong' "$top_builddir/Makefile" ||
    skip "hardening: configured without it"

n=0
# claim NAME COMMAND PATTERN - passes when a line of what `readelf COMMAND` prints matches
claim() {
    n=$((n + 1))
    if readelf -W "$2" "$binary" | grep -qE "$3"; then echo "ok $n - $1"; else
        echo "not ok $n - $1"
    fi
}
echo 1..4
claim "the program is position-independent" -h 'Type: +DYN'
claim "relocations become read-only" -l 'GNU_RELRO'
claim "symbols are bound at the start" -d 'FLAGS.* NOW'
claim "the stack is not executable" -l 'GNU_STACK.* RW +0x'
