# arrows.sh - includes run one way: base <- nn, image <- upscale <- server; outside libraries are
# seen only where the design says. Speaks TAP.
cd "$top_srcdir" || exit 99

echo 1..7
n=0
# claim NAME OFFENDERS - passes when OFFENDERS is empty
claim() {
    n=$((n + 1))
    if [ -z "$2" ]; then echo "ok $n - $1"; else
        echo "not ok $n - $1"
        echo "$2" | sed 's/^/# /'
    fi
}
# uses PATTERN FILE... - the includes of the files that match PATTERN
uses() {
    pattern=$1
    shift
    grep -nE "^#[[:space:]]*include[[:space:]]*[<\"]($pattern)" "$@" /dev/null
}
sources() { find "$@" -name '*.[ch]'; }

claim "base includes nothing of ours but base" \
    "$(uses '(engine/(nn|image|[a-z_]*\.h)|server|tests)' $(sources engine/base))"
claim "nn includes only base and nn" \
    "$(uses '(engine/(image|[a-z_]*\.h)|server|tests)' $(sources engine/nn))"
claim "image includes only base and image" \
    "$(uses '(engine/(nn|[a-z_]*\.h)|server|tests)' $(sources engine/image))"
claim "the engine does not include the server" \
    "$(uses '(server|tests)/' $(sources engine))"
claim "microhttpd.h is seen in server/http*.c alone" \
    "$(uses microhttpd.h $(sources engine server | grep -v '^server/http[a-z_]*\.c$'))"
claim "png.h is seen in engine/image/png_*.c alone" \
    "$(uses png.h $(sources engine server | grep -v '^engine/image/png_[a-z_]*\.c$'))"
claim "jansson.h is seen in the JSON readers and the server alone" \
    "$(uses jansson.h $(sources engine | grep -v '^engine/nn/[a-z0-9_]*json[a-z0-9_]*\.[ch]$'))"
