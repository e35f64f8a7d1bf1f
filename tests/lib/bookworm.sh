# bookworm.sh - makes root file systems of Debian 12 with mmdebstrap, from the mirrors that this
# machine's apt uses. Scripts read this file with `.`.

# bookworm FOLDER TARGET OPTION... - makes TARGET, a folder or a tar file, with these options of
# mmdebstrap, and keeps notes in FOLDER. If it cannot, it prints the reason and fails.
bookworm() {
    notes=$1 target=$2
    shift 2
    command -v mmdebstrap >/dev/null || { echo "no mmdebstrap"; return 1; }
    # shellcheck disable=SC2016 # apt's own variables
    apt-get indextargets --format '$(LABEL)|deb $(SITE) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
        sed -n '/^Debian\(-Security\)\{0,1\}|.* bookworm/s/^[^|]*|//p' | sort -u >"$notes/mirrors"
    [ -s "$notes/mirrors" ] || { echo "apt knows no mirror of Debian bookworm"; return 1; }
    apt-config dump | grep -E '^Acquire::(Check|http|https|Retries)' >"$notes/apt"
    mmdebstrap --quiet --mode=root --aptopt="$notes/apt" "$@" bookworm "$target" "$notes/mirrors" \
        >"$notes/base.log" 2>&1 || {
        echo "mmdebstrap makes no root folder here: $(tail -n 1 "$notes/base.log")"
        return 1
    }
}
