# Two nodes, played by both at once: `on A …` happens on one, once both have seen what they expected so far; what is
# expected is expected on both.
. "$VM_SOURCE/tests/vm/guest/agent.sh"
hold=15
step=0
on() {
  local node=$1
  shift
  step=$((step + 1))
  barrier "$step.before"
  if [ "$NODE" = "$node" ]; then "$@"; fi
  barrier "$step.after"
}

make_keys() {
  start_emulator /share/keys
  create_vendor /share/vendor
  K1=$(create_licensed_key K1) && K2=$(create_licensed_key K2) || { echo "cannot provision"; exit 1; }
  printf 'K1=%s\nK2=%s\n' "$K1" "$K2" > /share/ids
}
# The keys lie in the common folder: an emulator that starts there takes them as they are.
take_keys() {
  [ -z "${emulator_pid:-}" ] || { kill "$emulator_pid" && wait "$emulator_pid"; }
  start_emulator /share/keys
}
invite() { cli peer invite > /share/token; }
join() { cli peer join "$(cat /share/token)" > /dev/null; }

on A make_keys
on B take_keys
. /share/ids
vendor_dir=/share/vendor
install_agent "[peer]
listen = \"$IP:8202\"
advertise = \"$IP:8202\"
hold_s = $hold"
start_agent
on A invite
on B join
expect "paired" '.peer == "reachable" and (.deployment.nodes | length) == 2 and .state == "Missing"'

on A plug K1
expect "SPEC KEY-6: one key licenses both" "$ready and .key == \$K1"
on B plug K2
expect "SPEC KEY-5: Abnormal does not affect the license" '.state == "Abnormal" and .usable and .key == $K1'
on B pull K2
expect "the key in use stays in use" "$ready and .key == \$K1"

# SPEC KEY-12: nothing is consumed by the network.
on B network_down
expect "SPEC KEY-12: the link is cut" '.peer == "unreachable"'
if [ "$NODE" = A ]; then
  expect "the node with the key is Ready" "$ready and .key == \$K1"
else
  expect "after the hold the other runs on its buffer" '.state == "Missing" and .buffer.running and .usable'
fi
on B network_up
expect "SPEC KEY-12: healed, no buffer" "$ready and .key == \$K1 and .peer == \"reachable\""
on A pull K1
# Inherited from the cut it would be shorter (SPEC BUF-3).
expect "SPEC BUF-2, BUF-5: the first removal, on both" ".state == \"Missing\" and .buffer.key == \$K1 and $thirty_days"
status | jq -c .buffer > "/share/buffer.$NODE"
barrier buffers
cmp -s /share/buffer.A /share/buffer.B && pass "both say the same buffer" || fail "buffers: $(cat /share/buffer.A /share/buffer.B)"

on A plug K1
expect "SPEC BUF-7: back" "$ready and .key == \$K1"
echo "$failures" > "/share/failures.$NODE"
barrier last
if [ "$NODE" = A ]; then
  sleep 600 # its power is cut
  exit 1
fi
[ "$(cat /share/failures.A)" = 0 ] || fail "node A has failures"

kill_vm A
expect "SPEC KEY-12: node A lost its power" '.peer == "unreachable" and .state == "Missing" and .usable'
take_keys
plug K1
expect "SPEC KEY-7: its key in node B, no new license, no manual step" "$ready and .key == \$K1"
finish
