# sum.awk - compares the tests that reported with tests/suite.txt, the list of those that must report:
#
#   awk -v build=FOLDER [-v heavy=1] [-v threads=1] [-v write="PROGRAM..."] -f tests/lib/sum.awk tests/suite.txt
#
# A line of the list is a test program's name, the number of its tests, and `all` if only ./check --all
# runs it, or `alone` if it has one thread, so that a run for the thread sanitizer leaves it out. A program that reports fewer tests than listed has failed. A program that could not run is
# named, and all its tests count as skipped. The last line is `sum PASSED FAILED SKIPPED`. With `write`,
# it prints a new list instead: the tests that those programs reported, and the listed number for a
# program that did not run.

function base(name) {
    sub(/\.(sh|py)$/, "", name)
    return build "/" name
}

# Reads the results of program NAME that automake's driver wrote: the count of each kind, and the reason
# if the whole program was skipped.
function read_results(name, line) {
    split("", results)
    reported = left_out = 0
    reason = ""
    while ((getline line < (base(name) ".trs")) > 0)
        if (line ~ /^:test-result: /) {
            sub(/^:test-result: /, "", line)
            results[line]++
            reported++
        }
    while ((getline line < (base(name) ".log")) > 0) {
        if (line ~ /^1\.\.0/) {
            reason = line
            sub(/^1\.\.0[ #]*(SKIP)? */, "", reason)
            reason = reason ? reason : "it says no reason"
        } else if (line ~ /^# LEFT OUT [0-9]+ /) {
            split(line, words, " ")
            left_out += words[4]
            named("SKIP: " name " " substr(line, 12))
        } else if (line ~ /^(FAIL|ERROR|XPASS|SKIP): / && line !~ /^SKIP: [^ ]*( - .*)?$/) {
            named(line)
        }
    }
}
function named(line) {
    if (!write)
        print line
}
function fail(text) {
    failed++
    named("FAIL: " text)
}

# Judges a program of which `least` tests are listed.
function judge(name, least, flag) {
    read_results(name)
    if (!reported && flag == "alone" && threads) {
        skipped += least
        return named("SKIP: " name " (" least "): it has one thread")
    }
    if (!reported && flag == "all" && !heavy) {
        skipped += least
        return named("SKIP: " name " (" least "): ./check --all runs it")
    }
    if (!reported)
        return fail(name " did not report: " least " tests are missing")
    if (reason) {
        least = least ? least : 1
        skipped += least
        return named("SKIP: " name " (" least "): " reason)
    }
    passed += results["PASS"] + results["XFAIL"]
    failed += results["FAIL"] + results["ERROR"] + results["XPASS"]
    skipped += results["SKIP"] + left_out
    if (reported + left_out < least)
        fail(name ": " reported + left_out " tests reported, " least " are listed in tests/suite.txt")
    else if (reported + left_out > least)
        behind = behind " " name
}
function row(name) {
    read_results(name)
    print name " " (reported && !reason ? reported + left_out : tests[name] + 0) flags[name]
}

/^#/ || !NF {
    if (write)
        print
    next
}
{
    listed[base($1)] = 1
    tests[$1] = $2
    flags[$1] = $3 ? " " $3 : ""
    if (!write)
        judge($1, $2, $3)
}

END {
    if (write) {
        n = split(write, programs, " ")
        for (i = 1; i <= n; i++)
            row(programs[i])
        exit
    }
    # programs that reported but are not in the list
    find = "find '" build "/tests' -name '*.trs' 2>/dev/null | sort"
    while ((find | getline trs) > 0) {
        sub(/\.trs$/, "", trs)
        if (!(trs in listed))
            judge(substr(trs, length(build) + 2), 0)
    }
    if (behind)
        print "note: tests/suite.txt is behind, `make -C " build " suite` mends it:" behind
    print "sum", passed + 0, failed + 0, skipped + 0
}
