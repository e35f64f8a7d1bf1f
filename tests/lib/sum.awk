# sum.awk - holds what the tests reported against tests/suite.txt, the list of what must report:
#
#   awk -v build=FOLDER [-v heavy=1] [-v write="PROGRAM..."] -f tests/lib/sum.awk tests/suite.txt
#
# A line of the list is a test program's name, the tests that it has, and `all` where only ./check --all
# runs it. One that reports fewer than listed has failed; what could not run counts as skipped, with
# all its tests, and is named. The last line says `sum PASSED FAILED SKIPPED`. With `write`, the list is
# printed anew instead: the tests that those programs reported; where one did not run, what was listed.

function base(name) {
    sub(/\.(sh|py)$/, "", name)
    return build "/" name
}

# Reads NAME's results as automake's driver noted them: counts of each kind, and the reason where all of
# it was skipped.
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

# A program of which `least` tests are listed.
function judge(name, least, all) {
    read_results(name)
    if (!reported && all && !heavy) {
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
    # programs that reported and are not in the list
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
