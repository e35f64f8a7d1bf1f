# setup.sh - tests what ./start and ./check do before they build (tests/lib/setup.sh), on systems
# that consist of a few fake commands. Speaks TAP.
top=$(cd "$top_srcdir" && pwd)
folder=$(mktemp -d) || exit 99
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 99

# fake NAME - makes a command of the system, with its script from standard input
fake() {
    { echo "#!/bin/sh"; cat; } >"$folder/bin/$1"
    chmod +x "$folder/bin/$1"
}
# new_system ID - makes a system with nothing installed. Commands that run there print `ran: ...`.
new_system() {
    rm -rf "$folder/bin" installed root
    mkdir bin
    for tool in sh awk cat cmp cut env find grep head id ls make mkdir mv nproc paste rm sed sort tail uname; do
        ln -s "$(command -v $tool)" bin/$tool
    done
    printf 'ID=%s\nPRETTY_NAME="%s 1"\n' "$1" "$1" >os-release
    : >installed
    fake apt-get <<END
echo "ran: apt-get \$*"
END
    fake sudo <<END
echo "ran: sudo \$*"
exec "\$@"
END
    rm bin/id bin/uname
    fake id <<END
[ -f "$folder/root" ] && echo 0 || echo 1000
END
    fake uname <<END
echo Linux
END
    fake dpkg-query <<END
shift 2
grep -qx "\$1" "$folder/installed" && printf installed
END
    # libraries and their versions, one per line
    fake pkg-config <<END
shift_name=\$2
grep -q "^\$2 " "$folder/installed" || exit 1
[ "\$1" = --exists ] || sed -n "s/^\$2 //p" "$folder/installed"
END
}
# setup COMMAND PURPOSE... - runs setup_packages as that command calls it; the output goes to `said`
setup() {
    OS_RELEASE=$folder/os-release PATH=$folder/bin sh -ec ". $top/tests/lib/setup.sh
        setup_packages \"\$@\"" "$@" >said 2>&1
}
ran() { grep '^ran: ' said | sed 's/^ran: //'; }
says() {
    for text in "$@"; do
        grep -qF -- "$text" said || { echo "# it does not say: $text"; sed 's/^/# /' said; return 1; }
    done
}

. "$top/tests/lib/claim.sh"

debian_is_told_what_is_installed_before_it_is() {
    new_system debian
    setup ./start start || return 1
    install="sudo apt-get install -y -qq --no-install-recommends gcc make autoconf automake pkg-config libmicrohttpd-dev libpng-dev zlib1g-dev libdeflate-dev libisal-dev libjansson-dev curl"
    says "start: packages are missing" "    sudo apt-get update" "    $install" &&
        [ "$(grep -n 'ran: ' said | head -n 1 | cut -d: -f1)" -gt "$(grep -n "^    $install\$" said | cut -d: -f1)" ] &&
        [ "$(ran | grep -c "^sudo env DEBIAN_FRONTEND=noninteractive ${install#sudo }\$")" -eq 1 ]
}
debian_installs_what_is_missing_alone() {
    new_system debian
    printf '%s\n' gcc make autoconf automake pkg-config libmicrohttpd-dev libpng-dev zlib1g-dev libdeflate-dev libisal-dev curl >installed
    setup ./start start && [ "$(ran | tail -n 1)" = "apt-get install -y -qq --no-install-recommends libjansson-dev" ]
}
debian_with_everything_is_silent() {
    new_system debian
    printf '%s\n' gcc make autoconf automake pkg-config libmicrohttpd-dev libpng-dev zlib1g-dev libdeflate-dev \
        libisal-dev libjansson-dev curl >installed
    setup ./start start && [ ! -s said ]
}
check_has_more_packages() {
    new_system debian
    setup ./check check && says " check " " python3 " " python3-yaml " " openssl " " pngcheck"
}
all_has_the_heavy_ones() {
    new_system debian
    setup ./check check all && says " clang " " python3-torch " " nodejs npm"
}
root_needs_no_sudo() {
    new_system debian
    rm bin/sudo
    touch root
    setup ./start start && ! grep -q sudo said && ran | grep -q '^apt-get install'
}
who_has_no_sudo_is_told_the_command() {
    new_system debian
    rm bin/sudo
    ! setup ./start start && says "there is no sudo; as root: apt-get install" && [ -z "$(ran)" ]
}
# names_all COMMAND - it ended without running anything, and named libraries, packages and the way by hand
names_all() {
    says "missing here: " libdeflate libisal libmicrohttpd libpng zlib jansson "this is $1 1" \
        "Ubuntu: sudo apt-get install gcc make" "libmicrohttpd-dev libpng-dev zlib1g-dev libdeflate-dev libisal-dev libjansson-dev" \
        "Fedora: sudo dnf install gcc make" "libmicrohttpd-devel libpng-devel zlib-devel libdeflate-devel isa-l-devel jansson-devel" \
        "Alpine: sudo apk add gcc musl-dev linux-headers make" "libmicrohttpd-dev libpng-dev zlib-dev libdeflate-dev isa-l-dev jansson-dev" \
        "Arch:   sudo pacman -S --needed gcc make" "libmicrohttpd libpng zlib libdeflate isa-l jansson" \
        "    autoreconf --install" "    ./configure" "    make" &&
        [ -z "$(ran)" ]
}
another_system_is_told_the_packages_of_four() {
    new_system fedora
    rm bin/apt-get bin/dpkg-query
    ! setup ./start start && names_all fedora
}
ubuntu_installs_nothing_by_itself() {
    new_system ubuntu
    ! setup ./start start && names_all ubuntu
}
a_system_without_a_name_is_told_too() {
    new_system debian
    rm os-release
    ! setup ./start start && says "this is another system" "Fedora:" && [ -z "$(ran)" ]
}
# has_build - installs the libraries and commands of a build
has_build() {
    printf '%s 1\n' libmicrohttpd libpng zlib libdeflate libisal jansson >installed
    for command in cc autoconf automake curl; do
        fake $command </dev/null
    done
}
each_system_has_its_package_manager() {
    for pair in "ubuntu apt-get install -y -qq --no-install-recommends gcc" "fedora dnf install -y -q gcc" \
        "alpine apk add -q gcc musl-dev" "arch pacman -S --noconfirm --needed gcc"; do
        new_system "${pair%% *}"
        manager=${pair#* }
        fake "${manager%% *}" <<END
echo "ran: ${manager%% *} \$*"
END
        OS_RELEASE=$folder/os-release PATH=$folder/bin sh -ec ". $top/tests/lib/setup.sh
            install_here start check" here >said 2>&1 && ran | tail -n 1 | grep -q "^$manager .*jansson.* curl.* python" || return 1
    done
    new_system plan9
    ! OS_RELEASE=$folder/os-release PATH=$folder/bin sh -ec ". $top/tests/lib/setup.sh
        install_here check" here >said 2>&1 && says "no package manager is known for plan9 1"
}
another_system_with_everything_builds() {
    new_system fedora
    has_build
    setup ./start start && [ ! -s said ]
}
a_check_that_could_not_run_a_part_ends() {
    new_system fedora
    has_build
    fake python3 <<END
exit 1
END
    ! setup ./check check && says "missing here: PIL check numpy onnx openssl yaml" "check-devel python3 python3-pyyaml"
}
what_is_no_linux_is_refused_in_a_sentence() {
    new_system debian
    fake uname <<END
echo Darwin
END
    ! setup ./start start && says "start: upscaled runs on Linux alone; this is Darwin" && [ "$(wc -l <said)" -eq 1 ]
}
the_libraries_are_those_of_configure() {
    sh -c ". $top/tests/lib/setup.sh; needs" | awk '$1 == "build" && $2 == "library" { print $3 }' | sort >ours
    sed -n 's/^UPSCALED_LIBRARY(\[[A-Z]*\], \[\([a-z]*\)\].*/\1/p' "$top/configure.ac" | sort >theirs
    [ "$(wc -l <ours)" -ge 5 ] && diff ours theirs
}

# ------------------------------------------------- build folders

# new_tree - makes a tree whose configure notes that it ran, its options, and which Python it found
new_tree() {
    rm -rf tree
    mkdir -p tree/m4
    : >tree/configure.ac
    : >tree/m4/upscaled_x.m4
    cat >tree/configure <<'END'
#!/bin/sh
echo "configured $* PYTHON=${PYTHON-none}"
[ ! -f ../broken ] || exit 1
printf 'all:\n\t@echo built;\nclean:\n\t@echo cleaned;\n' >Makefile
END
    chmod +x tree/configure
    new_system "${1-fedora}"
    has_build
    fake cc <<END
echo "cc 12"
END
}
# build [OPTION...] - runs setup_build there
build() {
    (cd tree && OS_RELEASE=$folder/os-release PATH=$folder/bin sh -ec "unset PYTHON CC MAKEFLAGS MFLAGS MAKELEVEL
        . $top/tests/lib/setup.sh
        setup_build build \"\$@\"" ./start "$@" 2>&1)
}
# prints TEXT [OPTION...] - the output of a build is that text
prints() {
    wanted=$1
    shift
    got=$(build "$@" | sed 's/ *PYTHON=.*//')
    [ "$got" = "$wanted" ] || { echo "# wanted: $wanted, got: $got"; return 1; }
}
again="configured -q
built"

a_folder_is_configured_once() { new_tree && prints "$again" && prints built && prints built; }
again_when_a_library_is_new() {
    new_tree && prints "$again" && echo "check 0.15.2" >>installed && prints "$again" && prints built
}
again_and_compiled_again_when_a_version_is_another() {
    new_tree && prints "$again" && sed -i 's/^zlib 1$/zlib 2/' installed && prints "cleaned
$again" && prints built
}
compiled_again_when_the_compiler_is_another() {
    new_tree && prints "$again" && fake cc <<END
echo "cc 13"
END
    prints "cleaned
$again" && prints built
}
again_when_options_are_others() {
    new_tree && prints "$again" && prints "configured -q --enable-werror
built" --enable-werror && prints built --enable-werror
}
without_options_a_folder_keeps_its_own() {
    new_tree && prints "configured -q --enable-werror
built" --enable-werror && prints built && echo "check 0.15.2" >>installed && prints "configured -q --enable-werror
built"
}
again_after_it_failed() {
    new_tree && touch tree/broken && ! build >/dev/null && rm tree/broken && prints "$again"
}
debian_gives_its_own_python_where_it_is_there() {
    new_tree debian
    if [ -x /usr/bin/python3 ]; then wanted=/usr/bin/python3; else wanted=none; fi
    fake python3 </dev/null
    build | grep -q "PYTHON=$wanted\$"
}
elsewhere_python_is_configures_affair() {
    new_tree && build | grep -q "PYTHON=none\$"
}

claim_functions "$top/tests/setup.sh"
