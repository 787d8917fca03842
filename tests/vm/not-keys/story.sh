# Nothing that is plugged into this machine is a key: a reader without a card, a keyboard, a mass-storage stick.
. "$VM_SOURCE/tests/vm/guest/agent.sh"
modprobe -q usb_storage
udevadm settle -t 20
create_vendor /root/vendor

# node_of CLASS: the usbfs node of the device with an interface of this class.
node_of() {
  local interface
  for interface in /sys/bus/usb/devices/*:*; do
    [ "$(cat "$interface/bInterfaceClass")" = "$1" ] && udevadm info -q name "$(dirname "$(readlink -f "$interface")")" && return
  done
  return 1
}
reader=/dev/$(node_of 0b) && stick=/dev/$(node_of 08) && keyboard=/dev/$(node_of 03) ||
  { echo "QEMU has not plugged in what it should"; ls -l /sys/bus/usb/devices; exit 1; }
rights() { stat -c '%G %a' "$1"; }
[ "$(rights "$reader")" = "latchkey 660" ] && pass "SPEC SEC-1: the group has the reader" || fail "the reader is $(rights "$reader")"
[ "$(rights "$stick") $(rights "$keyboard")" = "root 664 root 664" ] && pass "SPEC SEC-1: … and nothing else on the USB" ||
  fail "stick: $(rights "$stick"), keyboard: $(rights "$keyboard")"

# The rules were run again for the events that came after "add": binding, and a trigger by hand.
udevadm trigger --action=change --subsystem-match=usb
udevadm settle -t 20
[ "$(rights "$reader")" = "latchkey 660" ] && pass "it keeps the reader" || fail "the reader is now $(rights "$reader")"

cat_status() { status | jq -c "$1"; }
install_agent $'[keys]\nrescan_s = 1'
start_agent
expect "the reader is looked into and is no key" \
  '.devices_without_key | length == 1 and .[0].driver == "piv" and .[0].detail != ""'
cat_status .devices_without_key
expect "SPEC KEY-4: no key was ever seen" \
  '.state == "Missing" and .reason == "never-inserted" and .keys == [] and .buffer == null and (.reading | not)'
sleep 5 # rescans
[ "$(grep -c no-key-in-device /run/agent.log)" = 1 ] && pass "the empty reader is logged once" || fail "$(grep no-key /run/agent.log)"
[ "$(cli record list --limit 100 --json | jq -r '[.records[].kind | select(startswith("key-"))] | length')" = 0 ] &&
  pass "and is no fact" || fail "$(cli record list --limit 100)"

doctor() { cli doctor --json | jq -r '.findings[] | "\(.verdict) \(.subject) \(.text)"'; }
# says WHAT PATTERN
says() { if doctor | grep -qE "$2"; then pass "$1"; else fail "$1:"; doctor; fi; }
# QEMU's reader wants its host to speak T=1: without pcscd it cannot be used, with or without a card.
nothing='(no card|unsupported reader).*'
says "doctor says how smart cards are reached" '^ok pcscd .* over USB'
says "doctor names the reader" "^ok device A smart card is at $reader "
says "doctor says what the agent says of it" "^note device At port [^ ]+ is no license key, says the agent: $nothing"

mkdir -p /run/pcscd
pcscd --foreground > /run/pcscd.log 2>&1 &
pcscd_pid=$!
expect "through pcscd it is a reader without a card" '.devices_without_key[0].detail | test("no card")'
says "doctor says that pcscd has it" "^ok device A smart card is at $reader .*PC/SC"
kill_agent
says "doctor asks the reader itself when no agent runs" "^note device At port [^ ]+ is no license key: .*no card"
kill "$pcscd_pid"
wait_for 30 test ! -e /run/pcscd/pcscd.comm
says "also without pcscd" "^note device At port [^ ]+ is no license key: $nothing"
finish
