# claim.sh - lets shell tests report in TAP. A test reads this file with `.`, prints its plan (`1..N`)
# and then makes claims.

claims_made=0
# claim NAME OFFENDERS - passes when OFFENDERS is empty; otherwise prints it as comments
claim() {
    claims_made=$((claims_made + 1))
    if [ -z "$2" ]; then echo "ok $claims_made - $1"; else
        echo "not ok $claims_made - $1"
        echo "$2" | sed 's/^[^#]/# &/'
    fi
}

# skip_claim NAME WHY - reports a claim that cannot be tested here
skip_claim() {
    claims_made=$((claims_made + 1))
    echo "ok $claims_made - $1 # SKIP $2"
}

# claim_functions FILE - prints the plan, and makes a claim of each function of FILE whose name has two
# underscores or more. The claim passes if the function succeeds; otherwise its output is printed.
claim_functions() {
    # shellcheck disable=SC2046 # a list of words
    set -- $(sed -n 's/^\([a-z]*_[a-z]*_[a-z_]*\)() {.*/\1/p' "$1")
    echo "1..$#"
    for name in "$@"; do
        if out=$("$name"); then out=''; else out=${out:-it failed without a word}; fi
        claim "$name" "$out"
    done
}
