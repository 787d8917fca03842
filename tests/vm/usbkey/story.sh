# One node: the real agent as the user latchkey, udevd with our rules, keys on the kernel's USB stack.
. "$VM_SOURCE/tests/vm/guest/agent.sh"
start_emulator
create_vendor /root/vendor
K1=$(create_licensed_key K1) && K2=$(create_licensed_key K2) || { echo "cannot provision over hidraw"; exit 1; }
pass "two keys are provisioned over hidraw"

install_agent
start_agent
expect "SPEC KEY-4: no key was ever seen; the keyboard is no key" \
  '.state == "Missing" and .reason == "never-inserted" and .keys == [] and .buffer == null'
[ "$(stat -c %U "/proc/$agent_pid")" = latchkey ] && pass "SPEC SEC-1: the agent is unprivileged" || fail "the agent runs as root"

plug K1
expect "SPEC KEY-1: one key that works" "$ready and .key == \$K1 and .keys[0].works and (.keys[0].emulated | not)"
pull K1
expect "SPEC BUF-2: removed, the buffer runs" \
  ".state == \"Missing\" and .reason == \"removed\" and .usable and .buffer.key == \$K1 and $thirty_days"
plug K1
expect "SPEC BUF-7: back, the buffer is not used" "$ready and .key == \$K1"

plug K2
expect "SPEC KEY-1: two keys" '.state == "Fault" and .reason == "multiple-keys" and .key == "" and (.keys | length) == 2'
pull K2
expect "one of them left" "$ready and .key == \$K1"

# SPEC KEY-10: Refresh reads the key again; it goes in the middle of its answer.
emulator fault K1 unplug-read > /dev/null
cli key refresh > /dev/null
expect "unplugged in the middle of a read: as any removal" '.state == "Missing" and .buffer.running and .keys == []'
emulator fault K1 unplug-read > /dev/null
plug K1
wait_for 60 unplugged K1 || fail "the fault did not strike"
expect "unplugged in the middle of the first read" '.state == "Missing" and .buffer.running and .keys == []'
plug K1
expect "the next insertion is read as if nothing had been" "$ready and .key == \$K1"
kill -0 "$agent_pid" && pass "the same agent is still there" || fail "the agent died"

# Power off while a key is in use, and while a buffer runs.
records() { cli record list --limit 1000 --json | jq -cS '[.records[] | {chain, seq, kind, at}] | sort'; }
survives() {
  local before after
  before=$(records)
  kill_agent
  start_agent
  expect "kill -9: $1" "$2"
  after=$(records)
  jq -ne --argjson before "$before" --argjson after "$after" '($before | length) > 0 and $before - $after == []' > /dev/null &&
    pass "no record was lost" || fail "records were lost: $before, $after"
  cli record verify > /dev/null && pass "SPEC REC-2: the chain verifies" || fail "the chain does not verify"
}
survives "the key in use is in use again" "$ready and .key == \$K1"
pull K1
expect "removed" '.state == "Missing" and .buffer.running'
buffer=$(status | jq -c .buffer)
survives "the same buffer runs on" ".state == \"Missing\" and .buffer == $buffer"
plug K1
expect "plugged in at the end" "$ready and .key == \$K1"
finish
