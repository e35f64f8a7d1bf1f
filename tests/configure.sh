# configure.sh - configure refuses each unsuitable system in one sentence, and OSS-Fuzz gets libraries that it
# accepts. Speaks TAP.
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
top=$(cd "$top_srcdir" && pwd)
configure=$top/configure
cd "$folder" || exit 99

echo 1..6
n=0
# refuses NAME SENTENCE ARGUMENT... - configure ends with that sentence and prints nothing else
refuses() {
    n=$((n + 1))
    name=$1 sentence=$2
    shift 2
    if "$configure" -q "$@" >said 2>&1; then
        echo "not ok $n - $name"
        echo "# it was not refused"
    elif grep '^configure: error: ' said | grep -qF "$sentence" && ! grep -v '^configure: error: \|^See `config.log' said; then
        echo "ok $n - $name"
    else
        echo "not ok $n - $name"
        sed 's/^/# /' said
    fi
}

# This is the compiler of this machine with options that make it look like another machine's.
linux="-U__linux__ -U__linux -Ulinux"
refuses "what is no Linux" "runs on Linux alone" CC="$CC $linux"
refuses "32 bits" "runs on 64-bit processors alone" CC="$CC -D__SIZEOF_POINTER__=4 -w"
refuses "big-endian" "runs on little-endian processors alone" CC="$CC -U__BYTE_ORDER__ -D__BYTE_ORDER__=4321"
mkdir nothing
refuses "missing libraries, all of them in one sentence" \
    "missing: libpng >= 1.6.30, zlib >= 1.2.9, libdeflate >= 1.10, libisal >= 2.30, jansson >= 2.13, libmicrohttpd >= 0.9.73" \
    CC="$CC" PKG_CONFIG_LIBDIR="$PWD/nothing" PKG_CONFIG_PATH=
sed 's/^Version:.*/Version: 1.0.2/' "$(pkg-config --variable=pcfiledir libmicrohttpd)/libmicrohttpd.pc" \
    >nothing/libmicrohttpd.pc
refuses "libmicrohttpd 1.0.2, which answers twice" "libmicrohttpd 1.0.0 to 1.0.2 cannot be used" \
    CC="$CC" PKG_CONFIG_PATH="$PWD/nothing"

# The table of tests/fuzz/oss-fuzz/sources has each library that configure asks for, in no older version.
. "$top/tests/lib/claim.sh"
claims_made=$n
claim "OSS-Fuzz builds with libraries that configure accepts" "$(
    sed -n 's/^UPSCALED_LIBRARY(\[[A-Z]*\], \[\([a-z]*\)\], \[\([0-9.]*\)\])/\1 \2/p' "$top/configure.ac" >asked
    [ -s asked ] || echo "nothing was asked for"
    while read -r name least; do
        given=$(awk -v name="$name" '$1 == name { print $2 }' "$top/tests/fuzz/oss-fuzz/sources")
        [ "$(printf '%s\n' "$least" "${given:-0}" | sort -V | head -n 1)" = "$least" ] || echo "$name: $given, not $least"
        case $name-$given in libmicrohttpd-1.0.[012]) echo "$name $given" ;; esac
    done <asked
)"
