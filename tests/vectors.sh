# vectors.sh - checks that the compiler made vectors of every loop over pixels, in each set of the
# binary. Plain C says nothing when it does not, and the loop takes several times as long. Speaks TAP.
skip() {
    echo "1..0 # SKIP $1"
    exit 0
}
command -v objdump >/dev/null || skip "vectors: no objdump"
grep -qE '^STRICT_CFLAGS = .*-fsanitize=' "$top_builddir/Makefile" && skip "vectors: a sanitizer stands in their place"
grep -qE '^CFLAGS = .*-O[23]' "$top_builddir/Makefile" || skip "vectors: configured with neither -O2 nor -O3"

. "$top_srcdir/tests/lib/claim.sh"

# plain NAME - prints the functions row_kernels_NAME_* without arithmetic on several floats at once, or
# `none` if the binary has no such function
plain() {
    objdump -d --no-show-raw-insn "$top_builddir/upscaled" | awk -v name="row_kernels_$1_(c|avx2|avx512|neon)" '
        /^[0-9a-f]+ <.*>:$/ { function_ = $0; sub(/.*</, "", function_); sub(/>:/, "", function_)
                              wanted = function_ ~ ("^" name "$"); if (wanted) vectors[function_] += 0 }
        wanted && /[[:space:]]v?(add|sub|mul|div|min|max)ps[[:space:]]/ { vectors[function_]++ }
        wanted && /[[:space:]]f(add|sub|mul|div|min|max|mla)[[:space:]]+v[0-9]+\.4s/ { vectors[function_]++ }
        END { for (f in vectors) { any = 1; if (!vectors[f]) print f }; if (!any) print "none" }'
}

echo 1..6
for name in load load_ycc store store_ycc across down; do
    claim "$name computes several pixels at once" "$(plain "$name")"
done
