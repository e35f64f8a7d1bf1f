# sum.sh - tests the comparison of the reported tests with the list (tests/lib/sum.awk), the sums of
# coverage (tests/lib/coverage.awk), and the verdict on one test alone (tests/lib/tap.sh). Speaks TAP.
top=$(cd "$top_srcdir" && pwd)
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 99

# report NAME - reports the TAP on standard input as that of a test program, through automake's driver
report() {
    mkdir -p "build/$(dirname "$1")"
    cat >tap
    sh "$top/build-aux/tap-driver.sh" --test-name "$1" --log-file "build/${1%.sh}.log" \
        --trs-file "build/${1%.sh}.trs" --color-tests no --enable-hard-errors yes --expect-failure no \
        -- cat tap >/dev/null
}
# lists LINE... - writes the list of the tests that must report
lists() { rm -rf build; printf '%s\n' "$@" >suite.txt; }
# sums LINE... - the output is exactly these lines
sums() {
    printf '%s\n' "$@" >wanted
    # shellcheck disable=SC2086 # options
    awk -v build=build $options -f "$top/tests/lib/sum.awk" suite.txt >said 2>&1
    diff wanted said
}
options=

. "$top/tests/lib/claim.sh"

two_good='1..2
ok 1 - a
ok 2 - b'

what_is_listed_and_reports_is_summed() {
    lists "# a comment" "tests/a 2" "tests/b.sh 2"
    echo "$two_good" | report tests/a
    echo "$two_good" | report tests/b.sh
    sums "sum 4 0 0"
}
a_program_that_does_not_report_has_failed() {
    lists "tests/a 2" "tests/b 7"
    echo "$two_good" | report tests/a
    sums "FAIL: tests/b did not report: 7 tests are missing" "sum 2 1 0"
}
a_program_that_shrinks_has_failed() {
    lists "tests/a 3"
    echo "$two_good" | report tests/a
    sums "FAIL: tests/a: 2 tests reported, 3 are listed in tests/suite.txt" "sum 2 1 0"
}
a_program_that_reports_nothing_has_failed() {
    lists "tests/a 1"
    report tests/a </dev/null
    sums "ERROR: tests/a - missing test plan" "sum 0 1 0"
}
a_program_that_ends_early_has_failed() {
    lists "tests/a 3"
    printf '1..3\nok 1 - a\n' | report tests/a
    sums "ERROR: tests/a - too few tests run (expected 3, got 1)" \
        "FAIL: tests/a: 2 tests reported, 3 are listed in tests/suite.txt" "sum 1 2 0"
}
failures_are_named() {
    lists "tests/a 2"
    printf '1..2\nok 1 - a\nnot ok 2 - b\n' | report tests/a
    sums "FAIL: tests/a 2 - b" "sum 1 1 0"
}
what_could_not_run_is_named_and_counted() {
    lists "tests/a 2"
    printf '1..2\nok 1 - a\nok 2 - b # SKIP no tool\n' | report tests/a
    sums "SKIP: tests/a 2 - b # SKIP no tool" "sum 1 0 1"
}
a_whole_program_counts_with_all_its_tests() {
    lists "tests/a.sh 24"
    echo "1..0 # SKIP no tool" | report tests/a.sh
    sums "SKIP: tests/a.sh (24): no tool" "sum 0 0 24"
}
so_does_one_that_gives_no_reason() {
    lists "tests/a 24"
    echo "1..0" | report tests/a
    sums "SKIP: tests/a (24): it says no reason" "sum 0 0 24"
}
what_is_new_and_could_not_run_counts_as_one() {
    lists "tests/a 2"
    echo "$two_good" | report tests/a
    echo "1..0 # SKIP no tool" | report tests/new
    sums "SKIP: tests/new (1): no tool" "sum 2 0 1"
}
what_a_suite_leaves_out_counts() {
    lists "tests/a 5"
    printf '# LEFT OUT 3 c: sanitizers\n%s\n' "$two_good" | report tests/a
    sums "SKIP: tests/a 3 c: sanitizers" "sum 2 0 3"
}
the_heavy_ones_are_missed_with_all_alone() {
    lists "tests/a 2 all"
    sums "SKIP: tests/a (2): ./check --all runs it" "sum 0 0 2" &&
        options="-v heavy=1" && sums "FAIL: tests/a did not report: 2 tests are missing" "sum 0 1 0"
}
what_has_one_thread_is_left_out_for_the_thread_sanitizer_alone() {
    lists "tests/a 2 alone"
    sums "FAIL: tests/a did not report: 2 tests are missing" "sum 0 1 0" &&
        options="-v threads=1" && sums "SKIP: tests/a (2): it has one thread" "sum 0 0 2"
}
what_is_new_counts_and_is_noted() {
    lists "tests/a 1"
    echo "$two_good" | report tests/a
    echo "$two_good" | report tests/new
    sums 'note: tests/suite.txt is behind, `make -C build suite` mends it: tests/a tests/new' "sum 4 0 0"
}
the_list_is_written_from_what_reported() {
    lists "# kept" "tests/a 1" "tests/b 9" "tests/gone 3" "tests/heavy 4 all"
    echo "$two_good" | report tests/a
    echo "1..0 # SKIP no tool" | report tests/b
    echo "$two_good" | report tests/c.sh
    awk -v build=build -v write="tests/a tests/b tests/c.sh tests/heavy" -f "$top/tests/lib/sum.awk" suite.txt >said
    printf '%s\n' "# kept" "tests/a 2" "tests/b 9" "tests/c.sh 2" "tests/heavy 4 all" | diff - said
}
too_little_coverage_makes_the_sum_of_it_fail() {
    columns=filename,line_total,line_covered,branch_total,branch_covered
    printf '%s\n' $columns engine/a/b.c,100,95,100,95 engine/c/d.c,100,95,100,85 >good.csv
    printf '%s\n' $columns engine/a/b.c,100,95,100,89 server/c/d.c,100,94,100,90 >low.csv
    awk -f "$top/tests/lib/coverage.awk" good.csv >said || return 1
    grep -q '^    15 branches of engine/c/d.c' said || return 1
    ! awk -f "$top/tests/lib/coverage.awk" low.csv >said && [ "$(grep -c 'less than' said)" -eq 2 ]
}

. "$top/tests/lib/tap.sh"
# verdict WANTED STATUS LINE... - the test that printed these lines, and ended with this status, holds or not
verdict() {
    wanted=$1 status=$2
    shift 2
    printf '%s\n' "$@" >tap
    echo "a known one" >excused
    if tap_holds tap "$status" excused >said; then got=holds; else got=fails; fi
    [ $got = "$wanted" ] || { echo "it $got: $*"; return 1; }
}
one_test_holds_if_all_that_it_planned_passed() {
    verdict holds 0 1..2 "ok 1 - a" "ok 2 - b # SKIP no tool" && verdict holds 0 "1..0 # SKIP no tool" &&
        [ "$(tap_skipped tap)" = "no tool" ]
}
one_test_that_ends_early_has_failed() {
    verdict fails 0 1..2 && verdict fails 0 1..2 "ok 1 - a" && verdict fails 0 "ok 1 - a" && verdict fails 0 ""
}
one_test_that_ends_with_a_status_has_failed() {
    verdict fails 1 1..1 "ok 1 - a" && verdict fails 139 1..1 "not ok 1 - a known one"
}
one_test_may_fail_in_excused_claims_alone() {
    verdict holds 0 1..2 "ok 1 - a" "not ok 2 - a known one" && verdict fails 0 1..1 "not ok 1 - b" &&
        verdict fails 0 1..2 "not ok 1 - a known one and more" "not ok 2 - a known one"
}

claim_functions "$top/tests/sum.sh"
