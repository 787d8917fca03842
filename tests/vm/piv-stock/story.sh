# Programs that know nothing of Latchkey at the emulated PIV token: the kernel, pcscd with libccid, OpenSC, yubico-piv-tool.
. "$VM_SOURCE/tests/vm/guest/lib.sh"
cd /root || exit 1

# check WHAT COMMAND...: one case; what failed is shown.
check() {
  local what=$1 output
  shift
  if output=$("$@" 2>&1); then
    pass "$what"
  else
    fail "$what: $* ended with $?"
    printf '%s\n' "$output" | tail -20
  fi
}
# same WHAT ACTUAL EXPECTED
same() { [ "$2" = "$3" ] && pass "$1" || fail "$1: '$2' is not '$3'"; }
piv() { yubico-piv-tool --reader='' "$@"; }
listed() { emulator list | jq -r --arg name "$1" ".keys[] | select(.name == \$name) | $2"; }
reader() { opensc-tool -l 2>&1 | grep -qE "$1"; }
interface() { grep -lsx 1050 /sys/bus/usb/devices/*/idVendor | head -1 | xargs -r dirname; }

start_emulator
emulator create stick --piv > /dev/null
emulator create combined --piv --composite > /dev/null
emulator create small --piv --short-apdu > /dev/null

# Without pcscd: what the kernel makes of the descriptors.
plug combined
wait_for 30 sh -c 'grep -qsx 0406 /sys/bus/usb/devices/*/idProduct' || { echo "the token does not enumerate"; exit 1; }
device=$(interface)
same "USB names it" "$(cat "$device/manufacturer") $(cat "$device/product")" "Yubico YubiKey FIDO+CCID"
wait_for 30 test -e "$device:1.0/driver" || true
same "the FIDO interface belongs to usbhid" "$(basename "$(readlink "$device:1.0/driver")")" usbhid
same "the smart card interface belongs to nobody" \
  "$(cat "$device:1.1/bInterfaceClass") $(cat "$device:1.1/bNumEndpoints") $(readlink "$device:1.1/driver")" "0b 03 "
pull combined
wait_for 30 test ! -e "$device" || fail "the token does not leave"

# pcscd needs neither systemd nor D-Bus here: without polkit's answer it serves root.
mkdir -p /run/pcscd
pcscd --foreground --debug --apdu > /run/pcscd.log 2>&1 &
plug stick
wait_for 60 reader '^0 +Yes +Yubico YubiKey CCID' && pass "libccid serves it, with a card in it" || fail "no reader"
same "its ATR is whole" "$(opensc-tool -a 2> /dev/null)" 3b:fd:13:00:00:81:31:fe:15:80:73:c0:21:c0:57:59:75:62:69:4b:65:79:40
check "OpenSC takes it for a PIV card" sh -c 'opensc-tool -n | grep -q "Personal Identity Verification Card"'
check "yubico-piv-tool: status" sh -c "yubico-piv-tool -r '' -a status | grep -q 'PIN tries left:.*3'"

# What a vendor does who has nothing but stock tools: docs/vendor.md.
# provision NAME
provision() {
  check "$1: generate in 9E" piv -a generate -s 9e -A ECCP256 --pin-policy=never --touch-policy=never -o pub.pem
  openssl x509 -new -force_pubkey pub.pem -subj /CN=Latchkey -days 30 -CA ca.pem -CAkey ca.key -out cert.pem 2> /dev/null
  check "$1: import its certificate" piv -a import-certificate -s 9e -i cert.pem
  check "$1: read it back" sh -c "yubico-piv-tool -r '' -a read-certificate -s 9e | openssl x509 -pubkey -noout | cmp - pub.pem"
  same "$1: the emulator lists that key" "$(listed "$1" .public_key)" "$(openssl pkey -pubin -in pub.pem -outform DER | base64 -w0)"
  check "$1: sign with 9E, no PIN" piv -a test-signature -s 9e -A ECCP256 -i cert.pem
  check "$1: write 2500 bytes in parts" piv -a write-object --id 0x5fc10d -f binary -i blob
  check "$1: read them back" sh -c "yubico-piv-tool -r '' -a read-object --id 0x5fc10d -f binary | cmp - blob"
  same "$1: the object has its header too" "$(listed "$1" '.objects["5fc10d"]')" 2504
}
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -subj /CN=Lab -days 30 2> /dev/null
head -c 2500 /dev/urandom > blob
head -c 32 /dev/urandom > digest
provision stick
check "pkcs11-tool signs with it" pkcs11-tool --sign -m ECDSA --id 04 -i digest -o signature --signature-format openssl -p 123456
check "and OpenSSL verifies" openssl pkeyutl -verify -pubin -inkey pub.pem -in digest -sigfile signature

factory=010203040506070801020304050607080102030405060708
own=0102030405060708090a0b0c0d0e0f101112131415161718
check "a management key of one's own" piv -a set-mgm-key -n $own
check "the factory's opens nothing now" sh -c "! yubico-piv-tool -r '' --key=$factory -a write-object --id 0x5fc10d -f binary -i digest"
check "one's own does" piv --key=$own -a write-object --id 0x5fc10e -f binary -i digest
sed 's/../&:/g; s/:$//' <<< $own > management
printf '\x53\x05hello' > chuid
PIV_EXT_AUTH_KEY=management piv-tool -A M:9B:03 -O 3000 -i chuid > /dev/null 2>&1
same "piv-tool proves it in both directions and writes" "$(listed stick '.objects["5fc102"]')" 7
check "change the PIN" piv -a change-pin -P 123456 -N 654321
check "the new one is asked for" piv -a verify-pin -P 654321
for action in verify-pin change-puk; do
  for _ in 1 2 3; do piv -a "$action" -P 00000000 -N 00000000 > /dev/null 2>&1; done
done
check "reset when PIN and PUK are blocked" piv -a reset
same "nothing is left after it" "$(listed stick '[.has_card_key, .objects]' | jq -c .)" '[false,{}]'

# A card leaves its reader, and power goes between two parts of a write.
emulator fault stick no-card > /dev/null
wait_for 30 reader '^0 +No ' && pass "a reader without a card" || fail "the card is still seen"
emulator fault stick none > /dev/null
wait_for 30 reader '^0 +Yes ' && pass "the card is back" || fail "the card is not seen again"
check "write once more" piv -a write-object --id 0x5fc10d -f binary -i blob
emulator fault stick power-loss > /dev/null
check "power is lost between two parts" sh -c "! yubico-piv-tool -r '' -a write-object --id 0x5fc10d -f binary -i ca.pem"
wait_for 30 unplugged stick && pass "the token is gone" || fail "the fault did not strike"
[ "$(listed stick '.objects["5fc10d"]')" -lt 300 ] && pass "the old object is gone, the new one is not there" || fail "the write was atomic"
wait_for 60 reader 'No smart card readers' || fail "the reader does not leave"

plug small
wait_for 60 reader '^0 +Yes ' && pass "a token without extended APDUs" || fail "no reader"
provision small
pull small
wait_for 60 reader 'No smart card readers' || fail "the reader does not leave"
plug combined
wait_for 60 reader '^0 +Yes +Yubico YubiKey FIDO' && pass "libccid finds the composite token's second interface" || fail "no reader"
provision combined
[ "$failures" = 0 ] || tail -60 /run/pcscd.log
finish
