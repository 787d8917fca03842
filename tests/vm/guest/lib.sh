# For the stories in the guest; definitions only.
# shellcheck shell=bash

failures=0
pass() { printf 'PASS %s\n' "$*"; }
fail() {
  printf 'FAIL %s\n' "$*"
  failures=$((failures + 1))
}
# The last line of a story: its exit status.
finish() {
  [ "$failures" = 0 ] && echo "all cases passed" || echo "$failures cases failed"
  exit "$((failures != 0))"
}

# wait_for SECONDS COMMAND...: until it succeeds; bounded. TCG on a busy machine is slow, so bounds are wide.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.2
  done
}

# barrier NAME [SECONDS]: both nodes arrive, then both go on.
barrier() {
  local other
  case $NODE in A) other=B ;; *) other=A ;; esac
  : > "/share/barrier.$1.$NODE"
  wait_for "${2:-180}" test -e "/share/barrier.$1.$other" || { echo "barrier $1: node $other did not arrive"; exit 1; }
}

network_down() { ip link set "$IFACE" down; }
network_up() {
  ip link set "$IFACE" up
  ip addr show dev "$IFACE" | grep -q "$IP/" || ip addr add "$IP/24" dev "$IFACE"
}

# kill_vm A|B: the host kills that QEMU at once, as a power cut does.
kill_vm() { : > "/share/kill.$1"; }

# Emulated keys on this VM's own USB/IP port. `start_emulator [STATE_DIR]`.
emulator() { "$VM_BIN/latchkey-emulator" ctl /run/emulator.sock "$@"; }
start_emulator() {
  "$VM_BIN/latchkey-emulator" serve --state "${1:-/var/lib/emulator}" \
    --port control=/run/emulator.sock --usbip 127.0.0.1:3240 > /run/emulator.log 2>&1 &
  emulator_pid=$!
  wait_for 30 grep -q ready /run/emulator.log || { cat /run/emulator.log; exit 1; }
}
# create_key NAME: prints its key ID.
create_key() {
  emulator create "$1" > /dev/null
  emulator list | jq -r --arg name "$1" '.keys[] | select(.name == $name) | .key'
}
# plug NAME: into the emulator's port, then into this kernel.
plug() {
  emulator plug "$1" --port usbip > /dev/null
  usbip attach -r 127.0.0.1 -b "$(usbip list -r 127.0.0.1 | awk -F'[: ]+' -v key="/$1\$" '$2 ~ /^1-/ {id = $2} $0 ~ key {print id}')"
}
pull() { emulator pull "$1" > /dev/null; }
# Whether a fault has taken the key NAME out by itself.
unplugged() { emulator list | jq -e --arg name "$1" '.keys[] | select(.name == $name) | .port == null' > /dev/null; }
