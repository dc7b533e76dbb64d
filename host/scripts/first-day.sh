#!/usr/bin/env bash
# The first day with a card: tries what satkit does with it, collects what this machine says, and packs both to be sent back.
# docs/first-day.md says what is in the archive. What is missing or fails is written down, and the rest goes on.
set -u

usage() {
    cat <<'EOF'
Usage: first-day.sh [--satkit FILE] [--dir DIR] [--card N] [--out FILE.tar.gz] [--timeout SECONDS] [--dry-run]

  --satkit FILE      the satkit command [default: satkit on the path]
  --dir DIR          the folder of the device files, such as a virtual card's [default: /dev]
  --card N           the card: N of xdmaN_user [default: 0]
  --out FILE         the archive to write; it must not exist [default: satkit-first-day-DATE.tar.gz]
  --timeout SECONDS  how long one step may take [default: 900]
  --dry-run          leave the card alone: write down what would be run

Exit codes: 0 the archive is written, whatever the steps came to; 1 it cannot be written; 2 bad arguments.
EOF
}

bad() {
    echo "first-day.sh: $1" >&2
    exit 2
}

satkit=satkit
dir=/dev
card=0
out="satkit-first-day-$(date -u +%Y%m%d-%H%M%S).tar.gz"
seconds=900
dry_run=no
while [ $# -gt 0 ]; do
    case "$1" in
        --satkit | --dir | --card | --out | --timeout)
            [ $# -ge 2 ] || bad "$1 needs a value"
            case "$1" in
                --satkit) satkit=$2 ;;
                --dir) dir=$2 ;;
                --card) card=$2 ;;
                --out) out=$2 ;;
                --timeout) seconds=$2 ;;
            esac
            shift 2
            ;;
        --dry-run) dry_run=yes; shift ;;
        -h | --help) usage; exit 0 ;;
        *) bad "unknown argument $1; --help lists what there is" ;;
    esac
done
case "$seconds" in
    '' | *[!0-9]* | 0) bad "--timeout $seconds: a number of seconds from 1 on is needed" ;;
esac
case "$card" in
    '' | *[!0-9]*) bad "--card $card: a number from 0 on is needed" ;;
esac
[ -d "$dir" ] || bad "--dir $dir: there is no such folder"
device=xdma:$dir:$card
[ ! -e "$out" ] || bad "$out exists: name another file, or move it away"
case "$out" in
    /*) ;;
    *) out=$PWD/$out ;;
esac
[ -d "$(dirname "$out")" ] || bad "--out $out: its folder does not exist"

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
root=$work/satkit-first-day
summary=$root/SUMMARY.txt
mkdir -p "$root" || exit 1
attention=0

note() {
    printf '%-16s %s\n' "$1" "$2" | tee -a "$summary"
}

# step NAME COMMAND...: runs it, and keeps what it says and how it ends.
step() {
    local name=$1 file=$root/$1.txt code
    shift
    printf '$ %s\n' "$*" >"$file"
    if ! command -v "$1" >/dev/null 2>&1; then
        echo "there is no command $1 here" >>"$file"
        note "$name" "missing: there is no command $1"
        attention=$((attention + 1))
        return
    fi
    timeout --kill-after=10 "$seconds" "$@" >>"$file" 2>&1 </dev/null
    code=$?
    printf 'exit code %s\n' "$code" >>"$file"
    case $code in
        0) note "$name" "done" ;;
        124 | 137) note "$name" "stopped after $seconds s"; attention=$((attention + 1)) ;;
        *) note "$name" "failed with exit code $code: $(tail -n 2 "$file" | head -n 1 | cut -c 1-120)"; attention=$((attention + 1)) ;;
    esac
}

# The same for what touches the card.
card_step() {
    local name=$1
    if [ "$dry_run" = yes ]; then
        shift
        printf 'would run: %s\n' "$*" >"$root/$name.txt"
        note "$name" "would run: $*"
        return
    fi
    step "$@"
}

{
    echo "satkit, first day with a card, $(date -u +%Y-%m-%dT%H:%M:%SZ)"
    echo "device $device, dry run: $dry_run"
    echo
} >"$summary"

step system uname -a
step distribution cat /etc/os-release
# 10ee is Xilinx; without root the capabilities are not shown, which the output says itself.
step pci lspci -nn -d 10ee:
step pci-details lspci -vvv -d 10ee:
step driver modinfo xdma
step modules cat /proc/modules
step device-files find "$dir" -maxdepth 1 -name 'xdma*' -ls
step udev-rule cat /etc/udev/rules.d/60-satkit-xdma.rules
step groups id

step version "$satkit" --version
step doctor "$satkit" doctor --json
card_step card-list "$satkit" card list --device "xdma:$dir" --json
card_step card-info "$satkit" card info --device "$device" --json
backend=$(sed -n 's/.*"backend": "\([a-z-]*\)".*/\1/p' "$root/card-info.txt" | head -n 1)
[ -z "$backend" ] || note card "$device, backend=$backend"
card_step card-validate "$satkit" card validate --device "$device" --json
# The same run on the simulator: both have to end in the same figures.
card_step train-card "$satkit" train --device "$device" --epochs 1 --compare none --json
step train-simulator "$satkit" train --device sim --epochs 1 --compare none --json

# The end of the kernel's log, where the driver speaks. It may need root.
# shellcheck disable=SC2016 # the inner shell expands it
card_step kernel-log sh -c 'log=$(dmesg) && printf "%s\n" "$log" | tail -n 300'

{
    echo
    echo "$attention steps need attention"
} | tee -a "$summary"
if ! tar -C "$work" -czf "$work/archive" satkit-first-day || ! mv -n "$work/archive" "$out" || [ ! -s "$out" ]; then
    echo "first-day.sh: cannot write $out" >&2
    exit 1
fi
echo "written: $out"
