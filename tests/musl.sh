# musl.sh - every source compiles with musl's headers and without a warning: glibc's own functions,
# or those that are declared otherwise there, do not slip in. Nothing is linked. Speaks TAP.
if ! command -v musl-gcc >/dev/null; then
    echo "1..0 # SKIP no musl-gcc (Debian: musl-tools)"
    exit 0
fi
build=$PWD
cd "$top_srcdir" || exit 99
log=$(mktemp) || exit 99
trap 'rm -f "$log"' EXIT
flags="-std=c11 -D_GNU_SOURCE -DHAVE_CONFIG_H -I$build -I. -fsyntax-only -Wall -Wextra -Wno-psabi"
# the headers of the kernel and of the libraries, after those of musl
machine=$(musl-gcc -dumpmachine)
others="-idirafter /usr/include/$machine -idirafter /usr/include $(pkg-config --cflags libpng)"
echo 1..1
for source in $(find engine server -name '*.c' ! -name kernels_neon.c | sort); do
    # shellcheck disable=SC2086 # lists of words
    musl-gcc $flags $others "$source"
done >"$log" 2>&1
if [ -s "$log" ]; then
    echo "not ok 1 - every source compiles with musl without a warning"
    sed 's/^/# /' "$log"
else
    echo "ok 1 - every source compiles with musl without a warning"
fi
