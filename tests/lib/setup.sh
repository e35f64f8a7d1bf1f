# setup.sh - shared by ./start and ./check: installs packages and prepares build folders. They read it
# from the top folder. It needs no other file.

# needs - prints a table: the purpose, the kind and the name of what is needed, and its packages on
# Debian (and Ubuntu), Fedora, Alpine and Arch (`-`: there is none). If something of the purpose `more`
# is missing, the tests that need it are skipped by name.
needs() {
    cat <<'END'
build command cc            gcc               gcc                  gcc,musl-dev,linux-headers gcc
build command make          make              make                 make              make
build command autoconf      autoconf          autoconf             autoconf          autoconf
build command automake      automake          automake             automake          automake
build command pkg-config    pkg-config        pkgconf-pkg-config   pkgconf           pkgconf
build library libmicrohttpd libmicrohttpd-dev libmicrohttpd-devel  libmicrohttpd-dev libmicrohttpd
build library libpng        libpng-dev        libpng-devel         libpng-dev        libpng
build library zlib          zlib1g-dev        zlib-devel           zlib-dev          zlib
build library libdeflate    libdeflate-dev    libdeflate-devel     libdeflate-dev    libdeflate
build library libisal       libisal-dev       isa-l-devel          isa-l-dev         isa-l
build library jansson       libjansson-dev    jansson-devel        jansson-dev       jansson
start command curl          curl              curl                 curl              curl
check library check         check             check-devel          check-dev         check
check command python3       python3           python3              python3           python
check python  yaml          python3-yaml      python3-pyyaml       py3-yaml          python-yaml
check python  numpy         python3-numpy     python3-numpy        py3-numpy         python-numpy
check python  onnx          python3-onnx      python3-onnx         py3-onnx          python-onnx
check python  PIL           python3-pil       python3-pillow       py3-pillow        python-pillow
check command curl          curl              curl                 curl              curl
check command openssl       openssl           openssl              openssl           openssl
more  command pngcheck      pngcheck          pngcheck             -                 pngcheck
END
}

# The packages for the heavy tests and for the figures of tests/bench, on Debian only.
bench_packages="wrk chromium mate-backgrounds python3-opencv python3-torch python3-numpy python3-pil"
all_packages="systemd clang clang-format-14 musl-tools chromium haproxy nginx-light python3-torch python3-numpy python3-pil gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user mmdebstrap"

# refuse SENTENCE - ends the command that was called
refuse() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# system KEY - prints a value of os-release(5)
system() {
    [ ! -r "${OS_RELEASE:-/etc/os-release}" ] || sed -n "s/^$1=\"\{0,1\}\([^\"]*\)\"\{0,1\}$/\1/p" "${OS_RELEASE:-/etc/os-release}"
}
is_debian() {
    [ "$(system ID)" = debian ] && command -v apt-get >/dev/null && command -v dpkg-query >/dev/null
}

# packages COLUMN FOR... - prints the packages for these purposes, from that column of the table
packages() {
    column=$1
    shift
    needs | awk -v column="$column" -v purposes=" $* " '
        index(purposes, " " $1 " ") && $column != "-" {
            n = split($column, names, ",")
            for (i = 1; i <= n; i++) if (!seen[names[i]]++) printf " %s", names[i]
        }'
}

# setup_packages [start] [check] [all] [bench] [coverage] - makes sure that what these purposes need is there, or
# exits. On Debian it names the missing packages and installs them; elsewhere it only names them. It
# prints nothing if nothing is missing.
setup_packages() {
    [ "$(uname -s)" = Linux ] || refuse "upscaled runs on Linux alone; this is $(uname -s)"
    if is_debian; then
        install_packages "$@"
    else
        name_missing "$@"
    fi
}

# install_packages [PURPOSE...] - installs by apt the packages that dpkg does not have
install_packages() {
    want=$(packages 4 build "$@")
    case " $* " in *" check "*) want="$want$(packages 4 more)" ;; esac
    case " $* " in *" all "*) want="$want $all_packages" ;; esac
    case " $* " in *" bench "*) want="$want $bench_packages" ;; esac
    case " $* " in *" coverage "*) want="$want gcovr" ;; esac
    case " $* " in *" all "* | *" bench "*)
        command -v npm >/dev/null || want="$want nodejs npm" # any npm will do
        ;;
    esac
    missing=
    for package in $want; do
        dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
            missing="$missing $package"
    done
    [ "$missing" ] || return 0
    sudo=
    [ "$(id -u)" -eq 0 ] || sudo="sudo "
    install="apt-get install -y -qq --no-install-recommends$missing"
    if [ "$sudo" ] && ! command -v sudo >/dev/null; then
        refuse "packages are missing, and there is no sudo; as root: $install"
    fi
    echo "${0##*/}: packages are missing; installing them:"
    echo "    ${sudo}apt-get update"
    echo "    $sudo$install"
    ${sudo}apt-get update -qq
    # shellcheck disable=SC2086 # lists of words
    ${sudo}env DEBIAN_FRONTEND=noninteractive $install
}

# name_missing [PURPOSE...] - if something is missing, names it and its packages, says how to install
# them by hand, and exits
name_missing() {
    missing=$(needs | while read -r purpose kind name others; do
        case " build $* " in *" $purpose "*) has "$kind" "$name" || echo "$name" ;; esac
    done | sort -u | paste -sd' ' -)
    [ "$missing" ] || return 0
    {
        echo "${0##*/}: missing here: $missing"
        echo "Packages are installed by themselves on Debian alone; this is $(system PRETTY_NAME | grep . || echo 'another system')."
        echo "    Ubuntu: sudo apt-get install$(packages 4 build "$@")"
        echo "    Fedora: sudo dnf install$(packages 5 build "$@")"
        echo "    Alpine: sudo apk add$(packages 6 build "$@")"
        echo "    Arch:   sudo pacman -S --needed$(packages 7 build "$@")"
        echo "Then ./${0##*/} again, or by hand:"
        echo "    autoreconf --install"
        echo "    ./configure"
        echo "    make"
    } >&2
    exit 1
}

# install_here PURPOSE... - installs what name_missing would name, by the package manager of this
# system, for continuous integration as root. ./start and ./check do this on Debian alone.
install_here() {
    case $(system ID) in
    debian | ubuntu) set -- "apt-get install -y -qq --no-install-recommends" "$(packages 4 build "$@")" ;;
    fedora) set -- "dnf install -y -q" "$(packages 5 build "$@")" ;;
    alpine) set -- "apk add -q" "$(packages 6 build "$@")" ;;
    arch) set -- "pacman -S --noconfirm --needed" "$(packages 7 build "$@")" ;;
    *) refuse "no package manager is known for $(system PRETTY_NAME)" ;;
    esac
    case $1 in
    apt-get*) apt-get update -qq ;;
    pacman*) pacman -Sy --noconfirm ;;
    esac
    # shellcheck disable=SC2086 # lists of words
    DEBIAN_FRONTEND=noninteractive $1 $2
}

# has KIND NAME - succeeds if a command, a library or a Python module is there
has() {
    case $1 in
    command) command -v "$2" >/dev/null ;;
    library) pkg-config --exists "$2" 2>/dev/null ;;
    python) python3 -c "import $2" 2>/dev/null ;;
    esac
}

# found [configure option...] - prints what configure would find now, one item per line
found() {
    echo "options $*"
    compiler=${CC:-cc}
    for option in "$@"; do
        case $option in CC=*) compiler=${option#CC=} ;; esac
    done
    echo "compiler $($compiler --version 2>/dev/null | head -n 1)"
    python=$("${PYTHON:-python3}" -V 2>/dev/null) && echo "$python"
    needs | while read -r purpose kind name others; do
        [ "$kind" != library ] || ! has library "$name" || echo "$name $(pkg-config --modversion "$name")"
    done
}

# setup_build FOLDER [configure option...] - brings a build folder up to date. It runs configure again
# if configure would find something else than before, or gets other options. Without options, a folder
# keeps those that it has.
setup_build() {
    folder=$1
    shift
    # Debian's python3-* packages belong to Debian's interpreter, whatever else is on the path.
    ! is_debian || [ ! -x /usr/bin/python3 ] || export PYTHON=/usr/bin/python3
    [ -x configure ] && [ -z "$(find configure.ac m4/upscaled_*.m4 -newer configure)" ] ||
        autoreconf --install
    mkdir -p "$folder"
    # shellcheck disable=SC2046 # options are words
    [ $# -gt 0 ] || set -- $(sed -n 's/^options //p' "$folder/found" 2>/dev/null)
    found "$@" >"$folder/found.now"
    if [ ! -f "$folder/Makefile" ] || ! cmp -s "$folder/found.now" "$folder/found"; then
        configure_again "$@"
    fi
    make -s -C "$folder" -j"$(nproc)"
}

# configure_again [configure option...] - runs configure in $folder. If something was there in another
# version, everything is compiled again. Something that is new cannot have left a trace.
configure_again() {
    if [ -f "$folder/Makefile" ] && [ -f "$folder/found" ] &&
        grep -v '^options ' "$folder/found" | grep -vqxFf "$folder/found.now"; then
        make -s -C "$folder" clean
    fi
    rm -f "$folder/found"
    (cd "$folder" && ../configure -q "$@")
    mv "$folder/found.now" "$folder/found"
}
