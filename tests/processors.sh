# processors.sh - the program on x86-64 processors without AVX-512, and without AVX2, which qemu
# emulates: it finds the best of its sets of kernels, the programs that compare sets pass, and
# pictures become the same bytes as here. Heavy: skipped unless TEST_ALL is set. Speaks TAP.
build=$(cd "$top_builddir" && pwd)
cd "$top_srcdir" || exit 99
skip() {
    echo "1..0 # SKIP $1"
    exit 0
}
[ "$TEST_ALL" ] || skip "other processors: ./check --all runs it"
[ "$(uname -m)" = x86_64 ] || skip "this machine is no x86-64"
command -v qemu-x86_64 >/dev/null || skip "no qemu-x86_64 (Debian: qemu-user)"
! grep -q __asan_init "$build/upscaled" || skip "qemu has no room for the memory of sanitizers"
! grep -q __tsan_init "$build/upscaled" || skip "qemu has no room for the memory of sanitizers"

. tests/lib/claim.sh
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
export CK_TIMEOUT_MULTIPLIER=50 # of the programs of Check

# emulated PROCESSOR PROGRAM ARGUMENT...
emulated() {
    processor=$1
    shift
    qemu-x86_64 -cpu "$processor" "$@"
}

# sets PROCESSOR - prints the sets that the program finds there, best first
sets() {
    emulated "$1" "$build/upscaled" convert --kernels none docs/pictures/sample.png - 2>&1 |
        sed -n 's/.*; it has \(.*\) (--kernels).*/\1/p'
}

# finds PROCESSOR SETS
finds() {
    found=$(sets "$1")
    [ "$found" = "$2" ] || echo "it found: $found"
}

# same_bytes PROCESSOR SET - pictures become the same bytes as with this set on this processor
same_bytes() {
    pictures=tests/pictures/hr
    for picture in $pictures/bridge.png $pictures/drawn-screen.png "$TEST_DATA"/pngsuite/basn*.png; do
        [ -f "$picture" ] || continue # PngSuite's are missing
        emulated "$1" "$build/upscaled" convert --quiet "$picture" "$folder/there.png" 2>/dev/null
        "$build/upscaled" convert --quiet --kernels "$2" "$picture" "$folder/here.png"
        cmp "$folder/here.png" "$folder/there.png" 2>&1
    done
}

# passes PROCESSOR PROGRAM - prints what failed
passes() {
    emulated "$1" "$build/tests/unit/$2" >"$folder/tap" 2>/dev/null || echo "status $?"
    grep '^not ok' "$folder/tap"
    plan=$(sed -n 's/^1\.\.//p' "$folder/tap")
    [ "$(grep -c '^ok' "$folder/tap")" = "$plan" ] || echo "not all of ${plan:-no} claims passed"
}

programs="test_vector_unit test_row_kernels test_kernels test_deflate"
echo 1..12
for row in "Haswell avx2 avx2, c" "Nehalem c c"; do
    processor=${row%% *} rest=${row#* }
    set=${rest%% *} all=${rest#* }
    claim "$processor has the sets $all" "$(finds "$processor" "$all")"
    claim "$processor gives the same bytes as the set $set here" "$(same_bytes "$processor" "$set")"
    for program in $programs; do
        claim "$processor: $program" "$(passes "$processor" "$program")"
    done
done
