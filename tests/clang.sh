# clang.sh - compiles everything, tests included, with clang and without a warning. Heavy: ./check
# --all runs it in the top folder. Speaks TAP.
log=build-clang.log
claim="everything compiles with clang without a warning"
echo 1..1
if sh -ec '. tests/lib/setup.sh
    setup_build build-clang CC=clang --enable-werror
    make -s -C build-clang -j"$(nproc)" check TESTS=' >$log 2>&1; then
    echo "ok 1 - $claim"
else
    echo "not ok 1 - $claim"
    { grep -E 'error|warning' $log || tail -n 20 $log; } | sed 's/^/# /'
fi
