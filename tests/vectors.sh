# vectors.sh - checks that the compiler made vectors of the loops of engine/image, in each set of the
# binary. Plain C says nothing when it does not, and the loop takes several times as long. Speaks TAP.
skip() {
    echo "1..0 # SKIP $1"
    exit 0
}
command -v objdump >/dev/null || skip "vectors: no objdump"
grep -qE '^STRICT_CFLAGS = .*-fsanitize=' "$top_builddir/Makefile" && skip "vectors: a sanitizer stands in their place"
grep -qE '^CFLAGS = .*-O[23]' "$top_builddir/Makefile" || skip "vectors: configured with neither -O2 nor -O3"

. "$top_srcdir/tests/lib/claim.sh"

# One line for each function of row_kernels.h and set: its name, and how often it computes on several
# floats at once, by the instructions of x86-64 or of ARM.
found=$(objdump -d --no-show-raw-insn "$top_builddir/upscaled" | awk '
    /^[0-9a-f]+ <.*>:$/ { name = $2; gsub(/[<>:]/, "", name)
                          wanted = name ~ /^row_kernels_[a-z_]*_(c|avx2|avx512|neon)$/
                          if (wanted) vectors[name] = 0 }
    wanted && /[[:space:]](v?(add|sub|mul|div|min|max)ps|f(add|sub|mul|div|mla)[[:space:]]+v[0-9]+\.4s)/ { vectors[name]++ }
    END { for (name in vectors) print name, vectors[name] }')

echo 1..6
for name in load load_ycc store store_ycc across down; do
    of_name=$(echo "$found" | grep -E "^row_kernels_${name}_[a-z0-9]+ ")
    claim "$name computes several pixels at once" "$([ "$of_name" ] || echo none; echo "$of_name" | grep ' 0$')"
done
