# PIV tokens and pcscd in the guest; after lib.sh and agent.sh. Definitions only.
# shellcheck shell=bash

# pcscd needs neither systemd nor D-Bus here: without polkit's answer it serves everybody, as Debian 12's does.
start_pcscd() {
  mkdir -p /run/pcscd
  pcscd --foreground >> /run/pcscd.log 2>&1 &
  pcscd_pid=$!
  wait_for 30 test -e /run/pcscd/pcscd.comm || { echo "pcscd does not start"; exit 1; }
}
stop_pcscd() {
  kill "$pcscd_pid"
  wait "$pcscd_pid" 2> /dev/null
  wait_for 30 test ! -e /run/pcscd/pcscd.comm || { echo "pcscd does not end"; exit 1; }
}
# A reader with a card in it is listed by pcscd.
card_served() { opensc-tool -l 2>&1 | grep -qE '^[0-9]+ +Yes '; }
piv_tool() { yubico-piv-tool --reader='' "$@"; }

# The usbfs node of the plugged smart card.
card_node() {
  local interface
  for interface in /sys/bus/usb/devices/*:*; do
    [ "$(cat "$interface/bInterfaceClass" 2> /dev/null)" = 0b ] || continue
    echo "/dev/$(udevadm info -q name "$(dirname "$(readlink -f "$interface")")")" && return
  done
  return 1
}
no_card_node() { ! card_node > /dev/null; }

# What makes a factory-new token a license key, with stock tools alone: a key in 9E and its certificate.
# stock_prepare DIR: through pcscd.
stock_prepare() {
  local dir=$1
  mkdir -p "$dir"
  (
    cd "$dir" && umask 077
    piv_tool -a generate -s 9e -A ECCP256 --pin-policy=never --touch-policy=never -o pub.pem &&
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -subj /CN=Lab -days 30 &&
      openssl x509 -new -force_pubkey pub.pem -subj /CN=Latchkey -days 30 -CA ca.pem -CAkey ca.key -out cert.pem &&
      piv_tool -a import-certificate -s 9e -i cert.pem
  ) > "$dir/log" 2>&1 || { cat "$dir/log"; return 1; }
}

# docs/protocol-piv.md: the content of a license slot. pack_slot GENERATION < ENVELOPE, unpack_slot < CONTENT
pack_slot() {
  python3 -c '
import struct, sys, zlib
envelope = sys.stdin.buffer.read()
body = struct.pack(">II", int(sys.argv[1]), len(envelope)), zlib.compress(envelope, 9)
sys.stdout.buffer.write(b"LKL1" + body[0] + struct.pack(">I", zlib.crc32(body[0] + body[1])) + body[1])' "$1"
}
unpack_slot() {
  python3 -c '
import struct, sys, zlib
content = sys.stdin.buffer.read()
generation, size, crc = struct.unpack(">III", content[4:16])
envelope = zlib.decompress(content[16:])
assert content[:4] == b"LKL1" and size == len(envelope) and crc == zlib.crc32(content[4:12] + content[16:])
sys.stdout.buffer.write(envelope)'
}

# issue_license KEY-ID FILE
issue_license() {
  vendor issue --issuer issuer --key-id "$1" --entry kvm:cpu-socket:10 --customer Lab --days 365 --output "$2" > /dev/null
}
# stock_provision FILE: the license into slot A, through pcscd.
stock_provision() {
  pack_slot 1 < "$1" > /run/slot && piv_tool -a write-object --id 0x5fc10d -f binary -i /run/slot 2> /dev/null
}
