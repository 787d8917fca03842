# The kernel's USB stack, udevd with our rules, the monitor and the HID driver as the user latchkey; no agent.
start_emulator
key_id=$(create_key K1)

echo 8192 > /proc/sys/net/core/rmem_max # the probe may not exceed it: its queue is full after a dozen events
log=/run/probe.log
runuser -u latchkey -- "$VM_BIN/vm_key_probe" > "$log" 2>&1 &
line() { sed -n "$1p" "$log"; }
seen() { [[ $(line "$1") =~ $2 ]]; }
# expect WHAT LINE PATTERN
expect() {
  if wait_for 60 seen "$2" "$3"; then pass "$1"; else fail "$1: $(line "$2")"; fi
}

expect "the monitor starts with a foreign HID device plugged in" 1 '^settled$'
keyboard=$(echo /dev/hidraw*)
[ "$(stat -c '%U %a' "$keyboard")" = "root 600" ] && pass "the keyboard is nobody else's" || fail "rights of $keyboard"

plug K1
expect "plugged in: read through hidraw" 2 "^added [^ ]+ /dev/hidraw1 $key_id\$"
[ "$(stat -c '%G %a' /dev/hidraw1)" = "latchkey 660" ] && pass "the rules gave the group latchkey" || fail "rights of hidraw1"
port=$(line 2 | cut -d' ' -f2)

pull K1
expect "pulled" 3 "^removed $port\$"

plug K1
expect "plugged in again" 4 "^added [^ ]+ /dev/hidraw1 $key_id\$"
seen 4 "^added $port " && fail "the same port for another insertion" || pass "another insertion has another port"

# SPEC KEY-13: the removal's event is dropped by the kernel, because the queue of a stopped reader is full.
probe=$(pgrep -x vm_key_probe)
dropped() { awk -v pid="$probe" '$3 == pid {print $9}' /proc/net/netlink; }
port=$(line 4 | cut -d' ' -f2)
kill -STOP "$probe"
for _ in $(seq 20); do echo change > "/sys/class/hidraw/${keyboard##*/}/uevent"; done
udevadm settle -t 60
[ "$(dropped)" -gt 0 ] || fail "the queue never got full"
pull K1
wait_for 30 test ! -e /dev/hidraw1
kill -CONT "$probe"
expect "a removal whose event was lost is noticed" 5 "^removed $port\$"

grep -q "$keyboard" "$log" && fail "the keyboard was taken for a key" || pass "the keyboard is ignored"
[ "$failures" = 0 ] || cat "$log"
finish
