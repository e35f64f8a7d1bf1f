# neon.sh - the kernels of 64-bit ARM, cross-compiled and emulated; the sandbox, whose system calls
# differ there, compiled at least. Heavy: skipped unless TEST_ALL is set. Speaks TAP.
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
"$cross" -std=c11 -O3 -ffp-contract=off -Wall -Wextra -Wshadow -Werror -static -I. \
    tests/neon/agree.c tests/lib/nn_kernels.c engine/base/vector_unit.c engine/nn/kernels.c \
    engine/nn/kernels_c.c engine/nn/kernels_neon.c -o "$folder/agree" -lm || exit 1
"$cross" -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Werror -I. -fsyntax-only \
    server/host/sandbox*.c || exit 1
qemu-aarch64 "$folder/agree"
