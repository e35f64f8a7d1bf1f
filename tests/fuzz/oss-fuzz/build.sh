#!/bin/bash -eu
# build.sh - builds every target of tests/fuzz for OSS-Fuzz, which sets CC, CFLAGS, CXX, CXXFLAGS,
# LIB_FUZZING_ENGINE and OUT; with its seeds, its dictionary and the libraries that it needs.
unsafe=-DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION # check sums, which nothing gets behind by chance
build=${WORK:-/tmp}/upscaled
autoreconf --install
mkdir -p "$build"
cd "$build"
"$OLDPWD/configure" -q --disable-hardening CPPFLAGS=$unsafe
make -s -j"$(nproc)"
make -s -j"$(nproc)" check TESTS= check_PROGRAMS=
cd "$OLDPWD"
for source in tests/fuzz/fuzz_*.c; do
    target=$(basename "$source" .c) name=${source#tests/fuzz/fuzz_}
    name=${name%.c}
    $CC $CFLAGS -std=c11 -D_GNU_SOURCE $unsafe -I. -c "$source" -o "$build/$target.o"
    # shellcheck disable=SC2046 # lists of words
    $CXX $CXXFLAGS "$build/$target.o" $(find "$build/tests" -name '*.a') "$build/libserver.a" "$build/libengine.a" \
        $LIB_FUZZING_ENGINE $(pkg-config --libs libpng libdeflate libisal zlib jansson libmicrohttpd check) -lm -pthread \
        -Wl,-rpath,'$ORIGIN/lib' -o "$OUT/$target"
    zip -q -j "$OUT/${target}_seed_corpus.zip" tests/fuzz/corpus/"$name"/*
    [ ! -f "tests/fuzz/corpus/$name.dict" ] || cp "tests/fuzz/corpus/$name.dict" "$OUT/$target.dict"
done
# The machine that runs the targets does not have these packages.
mkdir -p "$OUT/lib"
ldd "$OUT"/fuzz_* | awk '/libmicrohttpd|libpng|libdeflate|libisal|libjansson|libgnutls|libz\.|libp11|libidn|libunistring|libtasn1|libnettle|libhogweed|libgmp|libffi|libcheck|libsubunit/ { print $3 }' |
    sort -u | xargs -I LIBRARY cp LIBRARY "$OUT/lib"
