# PIV tokens as license keys on a real kernel, with and without pcscd: made by stock tools, and read by them.
. "$VM_SOURCE/tests/vm/guest/agent.sh"
. "$VM_SOURCE/tests/vm/guest/piv.sh"
start_emulator
create_vendor /root/vendor
HID=$(create_licensed_key HID)
for token in stick own combined; do
  options=()
  [ "$token" = combined ] && options=(--composite)
  emulator create "$token" --piv "${options[@]}" > /dev/null
done

doctor() { cli doctor --json | jq -r '.findings[] | "\(.verdict) \(.subject) \(.text)"'; }
# says WHAT PATTERN
says() { if doctor | grep -qE "$2"; then pass "$1"; else fail "$1:"; doctor; fi; }
refresh() { cli key refresh > /dev/null; }
# The agent's log since the last mark.
mark() { marked=$(wc -l < /run/agent.log); }
news() { tail -n "+$((marked + 1))" /run/agent.log; }

# A rescan would meet the stock tools at work: this agent looks when it is told to.
install_agent $'[keys]\nrescan_s = 3600'
start_agent
plug stick
expect "a token from the factory is no key" \
  '.state == "Missing" and .reason == "never-inserted" and .keys == [] and (.devices_without_key | length) == 1'
status | jq -c .devices_without_key

# Stock tools alone make it one, while the agent runs.
start_pcscd
wait_for 60 card_served && pass "pcscd takes the reader beside the agent" || fail "pcscd does not get the reader"
stock_prepare /root/stick && pass "yubico-piv-tool: a key in 9E and its certificate" || fail "yubico-piv-tool"
refresh
expect "SPEC KEY-3: genuine, without a license" '.state == "Fault" and .reason == "unprovisioned" and (.keys | length) == 1'
K1=$(cli key id) && pass "SPEC REQ-3: its key ID is $K1" || fail "no key ID"
issue_license "$K1" stick.license
stock_provision /root/vendor/stick.license && pass "yubico-piv-tool: writes the license" || fail "write-object"
refresh
expect "SPEC KEY-1: Ready, through pcscd" "$ready and .key == \$K1 and .keys[0].driver == \"piv\""
says "doctor: through PC/SC" '^ok device A smart card is at .* PC/SC'
stop_pcscd
refresh
expect "pcscd ends: still Ready, over USB" "$ready and .key == \$K1"
says "doctor: over USB" '^ok pcscd .*over USB'

# timed WAY: plugs the token in; prints what of the way to Ready was the agent's own. No verdict here: this machine's
# processor is emulated, the time of a real token is not (tests/integration/plug_time_test.py judges).
timed() {
  mark
  plug stick
  expect "$1: plugged in, Ready" "$ready and .key == \$K1"
  news | grep -m 1 -o 'event=timing of=plug .*' || fail "$1: no timing"
}
pull stick
expect "SPEC BUF-2: pulled, the buffer runs" ".state == \"Missing\" and .reason == \"removed\" and .buffer.key == \$K1 and $thirty_days"
timed "over USB"
pull stick
expect "pulled again" '.state == "Missing" and .buffer.running'
start_pcscd
timed "through pcscd"

# SPEC KEY-1: HID and PIV keys count together.
K2=$HID
plug HID
expect "SPEC KEY-1: two keys of two kinds" \
  '.state == "Fault" and .reason == "multiple-keys" and ([.keys[].driver] | sort) == ["hidkey", "piv"]'
pull stick
expect "SPEC KEY-9: the other one is left" "$ready and .key == \$K2"
pull HID
expect "none is left" '.state == "Missing" and .keys == []'

# The other way round: latchkey-vendor makes the key, stock tools read it.
plug own
wait_for 60 card_served || fail "pcscd does not see the token"
K3=$(vendor prepare --device "$(card_node)" --management-key-out management.keys) && issue_license "$K3" own.license &&
  vendor provision own.license --device "$(card_node)" --management-keys management.keys --root root.pub --bundle bundle.json > /dev/null &&
  pass "latchkey-vendor: prepare and provision, through pcscd" || fail "latchkey-vendor"
piv_tool -a read-certificate -s 9e 2> /dev/null | openssl x509 -pubkey -noout > own.pem && [ -s own.pem ] &&
  pass "yubico-piv-tool: reads the certificate" || fail "read-certificate"
for slot in 0x5fc10d 0x5fc10e; do
  # Without the white space around it, which is no part of a license.
  [ "$(piv_tool -a read-object --id "$slot" -f binary 2> /dev/null | unpack_slot 2> /dev/null)" = "$(cat /root/vendor/own.license)" ] && own_slot=$slot
done
[ -n "${own_slot:-}" ] && pass "yubico-piv-tool: reads the license ($own_slot)" || fail "the license is in neither slot"
pkcs11-tool --list-objects --type cert 2> /dev/null | grep -q 'Certificate for Card Authentication' && pass "OpenSC lists it" || fail "OpenSC"
refresh
expect "Ready with what latchkey-vendor wrote" "$ready and .key == \"$K3\""
pull own
expect "pulled" '.state == "Missing" and .keys == []'

# A token with a FIDO interface beside the smart card is one key.
plug combined
wait_for 60 card_served || fail "pcscd does not see the composite token"
stock_prepare /root/combined || fail "yubico-piv-tool: the composite token"
refresh
expect "a composite token is one key" '.state == "Fault" and .reason == "unprovisioned" and (.keys | length) == 1'
issue_license "$(cli key id)" combined.license
stock_provision /root/vendor/combined.license
refresh
expect "SPEC KEY-1: … and Ready" "$ready and .keys[0].driver == \"piv\" and (.keys | length) == 1 and .devices_without_key == []"
stop_pcscd

# A card leaves its reader: no USB event, only the rescan can tell.
sed -i 's/^rescan_s.*/rescan_s = 1/' "$agent_config"
kill -HUP "$agent_pid"
emulator fault combined no-card > /dev/null
expect "the card is gone, its reader stays" '.state == "Missing" and .buffer.running and (.devices_without_key | length) == 1'
says "doctor names the empty reader" '^note device At port [^ ]+ is no license key, says the agent: .*no card'
emulator fault combined none > /dev/null
expect "the card is back" "$ready and .devices_without_key == []"
mark
sleep 5
[ -z "$(news)" ] && pass "rescans find nothing to say" || fail "an idle agent: $(news)"
pull combined
expect "pulled" '.state == "Missing" and .keys == [] and .devices_without_key == []'
kill -0 "$agent_pid" && pass "the same agent is still there" || fail "the agent died"
cli record verify > /dev/null && pass "SPEC REC-2: the chain verifies" || fail "the chain does not verify"
finish
