# tap.sh - judges the TAP of a test that this machine cannot run through automake's driver. Scripts read
# this file with `.`.

# tap_holds FILE STATUS EXCUSED - succeeds if the test that wrote FILE ended with STATUS 0, reported as
# many results as it planned, and failed in no claim but those whose names are lines of the file EXCUSED
tap_holds() {
    [ "$2" -eq 0 ] || { echo "it ended with status $2"; return 1; }
    planned=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$1")
    reported=$(grep -cE '^(not )?ok ' "$1")
    [ "$planned" = "$reported" ] || { echo "it planned ${planned:-nothing} and reported $reported"; return 1; }
    ! sed -n 's/^not ok [0-9]* - //p' "$1" | grep -vxFf "$3"
}
# tap_skipped FILE - prints why a whole test was left out, or nothing
tap_skipped() {
    sed -n 's/^1\.\.0[ #]*SKIP *//p' "$1"
}
