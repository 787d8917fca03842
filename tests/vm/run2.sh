#!/usr/bin/env bash
# run2.sh [OPTION...] STORY_A STORY_B: two VMs, node A (10.77.0.1) and node B (10.77.0.2), joined by a QEMU socket network.
# Options as run.sh. In the guests /share is common to both; kill_vm, barrier, network_down: guest/lib.sh.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
options=()
while [[ ${1:-} == --* ]]; do
  options+=("$1" "$2")
  shift 2
done
: "${2:?usage: run2.sh [OPTION...] STORY_A STORY_B}"
share=$(mktemp -d)
trap 'rm -rf "$share"' EXIT
"$here/mkkernel.sh"

run_node() {
  local node=$1 story=$2 status=0
  "$here/run.sh" "${options[@]}" --node "$node" --share "$share" "$story" 2>&1 | sed -u "s/^/$node| /" || status=${PIPESTATUS[0]}
  echo "$status" > "$share/status.$node"
}

# A power cut that a story asks for.
cut_power() {
  local node=$1
  until [ -e "$share/kill.$node" ]; do
    [ -e "$share/status.$node" ] && return
    sleep 0.2
  done
  kill -9 "$(cat "$share/pid.$node")"
}

run_node A "$1" &
run_node B "$2" &
cut_power A &
cut_power B &
wait
a=$(cat "$share/status.A") b=$(cat "$share/status.B")
echo "node A status $a, node B status $b"
[ "$a" = 0 ] || exit "$a"
exit "$b"
