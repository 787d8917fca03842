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
