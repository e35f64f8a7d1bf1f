# setup.sh - what ./start and ./check share. Read by them from the top folder.

build_packages="gcc make autoconf automake pkg-config libmicrohttpd-dev libpng-dev zlib1g-dev libdeflate-dev libjansson-dev"
check_packages="check python3 python3-yaml python3-numpy python3-onnx python3-pil curl openssl pngcheck"
bench_packages="wrk chromium mate-backgrounds python3-opencv python3-torch python3-numpy python3-pil"
node_packages=
command -v npm >/dev/null || node_packages="nodejs npm" # one from elsewhere will do
bench_packages="$node_packages $bench_packages"
all_packages="systemd clang clang-format-14 chromium $node_packages haproxy nginx-light python3-torch python3-numpy python3-pil gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"

# setup_packages [check] [all] [bench] - installs what is missing; asks nothing when nothing is.
setup_packages() {
    want=$build_packages
    case " $* " in *" check "*) want="$want $check_packages" ;; esac
    case " $* " in *" all "*) want="$want $all_packages" ;; esac
    case " $* " in *" bench "*) want="$want $bench_packages" ;; esac
    missing=
    for package in $want; do
        dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
            missing="$missing $package"
    done
    [ "$missing" ] || return 0
    echo "installing$missing"
    sudo=
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    $sudo apt-get update -qq
    # shellcheck disable=SC2086 # a list of words
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
}

# Debian's python3-* packages belong to Debian's interpreter, whatever else is on the path.
export PYTHON=/usr/bin/python3

# setup_build FOLDER [configure option...] - brings a build folder up to date.
setup_build() {
    folder=$1
    shift
    [ -x configure ] && [ configure -nt configure.ac ] && [ configure -nt m4/upscaled_flags.m4 ] ||
        autoreconf --install
    mkdir -p "$folder"
    [ -f "$folder/Makefile" ] || (cd "$folder" && ../configure -q "$@")
    make -s -C "$folder" -j"$(nproc)"
}

passed=0 failed=0 skipped=0

# run_tests FOLDER [configure option...] - builds there, runs the suite, adds to the sums.
run_tests() {
    setup_build "$@"
    log=$1/check.log
    # the verdict is in the sums; make's own status says the same less clearly
    make -C "$1" -j"$(nproc)" check >"$log" 2>&1 || :
    if ! grep -q '^# TOTAL:' "$log"; then
        cat "$log"
        failed=$((failed + 1))
        return 0
    fi
    grep -E '^(FAIL|ERROR|XPASS|SKIP):' "$log" || :
    [ "$(sum FAIL)" -eq 0 ] && [ "$(sum ERROR)" -eq 0 ] || cat "$1/test-suite.log"
    passed=$((passed + $(sum PASS)))
    failed=$((failed + $(sum FAIL) + $(sum ERROR) + $(sum XPASS)))
    skipped=$((skipped + $(sum SKIP)))
}

# sum KIND - one figure of automake's summary in $log
sum() {
    sed -n "s/^# $1: *//p" "$log" | tail -n 1
}

# compile_with COMPILER - everything, tests too, without a warning: one test.
compile_with() {
    log=build-$1.log
    if setup_build "build-$1" CC="$1" --enable-werror >"$log" 2>&1 &&
        make -s -C "build-$1" -j"$(nproc)" check TESTS= >>"$log" 2>&1; then
        passed=$((passed + 1))
    else
        echo "FAIL: compile with $1"
        grep -E 'error|warning' "$log" || tail -n 20 "$log"
        failed=$((failed + 1))
    fi
}
