# neon.sh - cross-compiles the kernels of 64-bit ARM and runs them in an emulator. Also compiles
# every other source, against this machine's headers of the libraries. tests/arm64/run builds and
# runs the whole program. Heavy: skipped unless TEST_ALL is set. Speaks TAP.
build=$(cd "$top_builddir" && pwd)
cd "$top_srcdir" || exit 99
skip() {
    echo "1..0 # SKIP $1"
    exit 0
}
[ "$TEST_ALL" ] || skip "NEON: ./check --all runs it"
cross=aarch64-linux-gnu-gcc
command -v "$cross" >/dev/null || skip "NEON: no $cross"
command -v qemu-aarch64 >/dev/null || skip "NEON: no qemu-aarch64"

folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
"$cross" -std=c11 -D_GNU_SOURCE -O3 -ffp-contract=off -fno-trapping-math -Wall -Wextra -Wshadow -Werror -static -I. \
    tests/neon/agree.c tests/lib/nn_kernels.c engine/base/*.c engine/nn/kernels.c \
    engine/nn/kernels_c.c engine/nn/kernels_neon.c -pthread -lm -o "$folder/agree" || exit 1
echo 1..7
qemu-aarch64 "$folder/agree"

# The flags are those that configure chooses: gcc 12 crashed at -O3 on code that compiles for x86-64.
compile='"$0" -std=c11 -D_GNU_SOURCE -O3 -g -ffp-contract=off -fno-trapping-math -Wall -Wextra -Wshadow -Werror \
    -I. -I"$1" -idirafter /usr/include -c "$2" -o "$3/${2##*/}.o"'
if find engine server -name "*.c" ! -name "*_avx*" -print0 |
    xargs -0 -P "$(nproc)" -I {} sh -c "$compile" "$cross" "$build" {} "$folder" >"$folder/said" 2>&1; then
    echo "ok 7 - every source compiles"
else
    sed 's/^/# /' "$folder/said"
    echo "not ok 7 - every source compiles"
fi
