# The way to a smart card on a real kernel: usbfs by libusb, pcscd, and the change between the two.
. "$VM_SOURCE/tests/vm/guest/lib.sh"

# try WHAT PATTERN ARGUMENTS...: one run of the probe, whose output is to match.
try() {
  local what=$1 pattern=$2 output
  shift 2
  output=$("$VM_BIN/vm_card_probe" "$@" 2>&1)
  if [[ $output =~ $pattern ]]; then pass "$what: ${output##*$'\n'}"; else fail "$what: $output"; fi
}
device() { grep -lsx 1050 /sys/bus/usb/devices/*/idVendor | head -1 | xargs -r dirname; }
node() { printf '/dev/bus/usb/%03d/%03d' "$(cat "$(device)/busnum")" "$(cat "$(device)/devnum")"; }
appeared() { [ -n "$(device)" ] && [ -e "$(node)" ]; }

start_emulator
emulator create token --piv --composite > /dev/null
emulator create small --piv --short-apdu > /dev/null

plug token
wait_for 30 appeared || { echo "the token does not enumerate"; exit 1; }
usb=$(node)
wait_for 30 test -e "$(device):1.0/driver" || true
try "over usbfs, again and again" '^(USB 9000 [0-9]+.){4}USB 9000 [0-9]+$' "$usb" select 5
[ "$(basename "$(readlink "$(device):1.0/driver")")" = usbhid ] && pass "the HID interface stays with the kernel" ||
  fail "the HID interface: $(readlink "$(device):1.0/driver")"
[ -z "$(readlink "$(device):1.1/driver")" ] && pass "the reader is given back" || fail "the reader is kept"

"$VM_BIN/vm_card_probe" "$usb" hold 5 > /run/hold.log &
wait_for 30 grep -q held /run/hold.log
try "claimed by another program" '^busy: USB: another program has claimed' "$usb" select
wait "$!"
try "given back" '^USB 9000' "$usb" select

emulator fault token no-card > /dev/null
try "a reader without a card" '^not_a_key: no card' "$usb" select
emulator fault token silent > /dev/null
"$VM_BIN/vm_card_probe" "$usb" select > /run/silent.log
grep -q '^timeout' /run/silent.log && pass "a silent reader" || fail "a silent reader: $(cat /run/silent.log)"
emulator fault token none > /dev/null
try "speaks again" '^USB 9000' "$usb" select
runuser -u nobody -- "$VM_BIN/vm_card_probe" "$usb" select > /run/nobody.log
grep -q '^no_permission' /run/nobody.log && pass "without rights" || fail "without rights: $(cat /run/nobody.log)"

# Unplugged while a transfer waits.
"$VM_BIN/vm_card_probe" "$usb" ask > /run/ask.log &
udevadm monitor --kernel --subsystem-match=usb/usb_device > /run/uevents.log &
monitor=$!
sleep 1
pull token
wait_for 30 test -s /run/ask.log
wait_for 30 grep -q remove /run/uevents.log
kill "$monitor"
late=$(awk '/remove/ {print substr($1, 8) + 0} /gone/ {print $1}' /run/uevents.log /run/ask.log | paste -sd' ' | awk '{printf "%.0f ms after", ($2 - $1) * 1000}')
grep -q ' gone' /run/ask.log && pass "pulled in the middle of a transfer: $late the kernel" || fail "pulled: $(cat /run/ask.log)"
wait_for 30 test ! -e "$usb"
try "pulled" '^gone' "$usb" select

plug small
wait_for 30 appeared
try "at short APDU level" '^USB 9000' "$(node)" select
pull small
wait_for 30 test ! -e "$(node 2> /dev/null)" || true

# pcscd needs neither systemd nor D-Bus here: without polkit's answer it serves root.
mkdir -p /run/pcscd
pcscd --foreground --debug > /run/pcscd.log 2>&1 &
pcscd=$!
wait_for 60 test -S /run/pcscd/pcscd.comm
plug token
wait_for 30 appeared
usb=$(node)
try "through pcscd from the first moment" '^(PC/SC \(pcscd\) 9000 [0-9]+.){2}PC/SC' "$usb" select 3
wait_for 60 sh -c 'opensc-tool -l 2>&1 | grep -q Yubico' && pass "pcscd has not lost it" || fail "pcscd lost the reader"
"$VM_BIN/vm_card_probe" "$usb" ask > /run/ask.log &
sleep 1
try "beside another program" '^(PC/SC|busy)' "$usb" select
pull token
wait_for 60 test -s /run/ask.log
grep -q ' gone' /run/ask.log && pass "pulled from under pcscd" || fail "pulled: $(cat /run/ask.log)"
plug token
wait_for 30 appeared
usb=$(node)
try "through pcscd again" '^PC/SC' "$usb" select
kill "$pcscd"
wait_for 30 test ! -S /run/pcscd/pcscd.comm
try "over usbfs once pcscd has ended" '^USB 9000' "$usb" select
finish
