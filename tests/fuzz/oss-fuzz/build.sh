#!/bin/bash -eu
# build.sh - builds every target of tests/fuzz for OSS-Fuzz, in the top folder, with its seeds, its dictionary and
# its options. OSS-Fuzz sets CC, CFLAGS, CXX, CXXFLAGS, LIB_FUZZING_ENGINE, SRC, WORK and OUT.
#
# The libraries are built with the same flags, so that the sanitizers see their memory and the fuzzer their
# branches, and linked statically, because the machine that runs the targets does not have them.
top=$PWD
build=$WORK/upscaled
export PKG_CONFIG="pkg-config --static" PKG_CONFIG_PATH=$WORK/installed/lib/pkgconfig
unsafe=-DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION # check sums, which nothing gets behind by chance

# copied NAME - enters a copy of the source of a library
copied() {
    rm -rf "${WORK:?}/$1"
    cp -a "$SRC/libraries/$1" "$WORK/"
    cd "$WORK/$1"
}
# with_configure NAME OPTION... - builds a library that has a configure script
with_configure() {
    copied "$1"
    shift
    [ -x configure ] || autoreconf --install
    CPPFLAGS=-I$WORK/installed/include LDFLAGS=-L$WORK/installed/lib ./configure --prefix="$WORK/installed" "$@"
    make -s -j"$(nproc)"
    make -s install
}
libdeflate() {
    copied libdeflate
    cmake -B build -DCMAKE_INSTALL_PREFIX="$WORK/installed" -DCMAKE_INSTALL_LIBDIR=lib \
        -DLIBDEFLATE_BUILD_SHARED_LIB=OFF -DLIBDEFLATE_BUILD_GZIP=OFF
    cmake --build build --target install
}
# libisal - in C alone, because no sanitizer sees what the assembler does. tests/fuzz/run tests the rest.
libisal() {
    copied libisal
    make -s -f Makefile.unx -j"$(nproc)" units="crc igzip" host_cpu=base_aliases CC="$CC $CFLAGS" lib
    install -D -m 0644 bin/isa-l.a "$WORK/installed/lib/libisal.a"
    install -D -m 0644 -t "$WORK/installed/include/isa-l" include/*.h
    version=$(awk '$1 == "libisal" { print $2 }' "$top/tests/fuzz/oss-fuzz/sources")
    mkdir -p "$WORK/installed/lib/pkgconfig"
    sed "s|@prefix@|$WORK/installed|; s|@exec_prefix@|$WORK/installed|; s|@libdir@|$WORK/installed/lib|
        s|@includedir@|$WORK/installed/include|; s|@VERSION@|$version|" libisal.pc.in \
        >"$WORK/installed/lib/pkgconfig/libisal.pc"
}
libraries() {
    (with_configure zlib --static)
    (with_configure libpng --disable-shared --disable-tests --disable-tools)
    (with_configure jansson --disable-shared)
    (with_configure libmicrohttpd --disable-shared --disable-https --disable-bauth --disable-dauth --disable-curl \
        --disable-doc --disable-examples --disable-tools)
    (libdeflate)
    (libisal)
}

# target NAME - links a target, and puts beside it what OSS-Fuzz looks for
target() {
    $CC $CFLAGS -std=c11 -D_GNU_SOURCE $unsafe -I. -c "tests/fuzz/fuzz_$1.c" -o "$build/fuzz_$1.o"
    # shellcheck disable=SC2046 # a list of words
    $CXX $CXXFLAGS "$build/fuzz_$1.o" "$build/tests/fuzz/libfuzz.a" "$build/tests/lib/libharness.a" \
        "$build/libserver.a" "$build/libengine.a" $LIB_FUZZING_ENGINE \
        $($PKG_CONFIG --libs libpng libdeflate libisal zlib jansson libmicrohttpd) -l:libcheck.a -l:libsubunit.a \
        -lm -pthread -o "$OUT/fuzz_$1"
    rm -f "$OUT/fuzz_$1_seed_corpus.zip"
    zip -q -j "$OUT/fuzz_$1_seed_corpus.zip" "tests/fuzz/corpus/$1"/*
    [ ! -f "tests/fuzz/corpus/$1.dict" ] || cp "tests/fuzz/corpus/$1.dict" "$OUT/fuzz_$1.dict"
    printf '[libfuzzer]\nmax_len = 65536\ntimeout = 60\n' >"$OUT/fuzz_$1.options"
    # its threads allocate between two requests, which looks like a leak each time
    [ "$1" != daemon ] || echo "detect_leaks = 0" >>"$OUT/fuzz_$1.options"
}

libraries
autoreconf --install
mkdir -p "$build"
(cd "$build" && "$top/configure" -q --disable-hardening CPPFLAGS=$unsafe)
make -s -C "$build" -j"$(nproc)" libengine.a libserver.a tests/lib/libharness.a tests/fuzz/libfuzz.a
for source in tests/fuzz/fuzz_*.c; do
    name=${source#tests/fuzz/fuzz_}
    target "${name%.c}"
done
