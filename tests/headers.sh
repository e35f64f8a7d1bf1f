# headers.sh - every header compiles alone. Speaks TAP.
cd "$top_srcdir" || exit 99

headers=$(find engine server -name '*.h' | sort)
echo "1..$(echo "$headers" | wc -l)"
n=0
for h in $headers; do
    n=$((n + 1))
    if out=$(${CC:-cc} -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only -I. -x c "$h" 2>&1)
    then echo "ok $n - $h"; else
        echo "not ok $n - $h"
        echo "$out" | sed 's/^/# /'
    fi
done
