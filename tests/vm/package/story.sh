# The packages on a machine that systemd runs: boot, upgrade, removal, purge; the unit's sandbox is on.
. "$VM_SOURCE/tests/vm/guest/agent.sh"
packages=$(readlink -e "$VM_BIN/../package")
export DEBIAN_FRONTEND=noninteractive
K1=$(cat /root/K1) || { cat /vm/image.log; exit 1; }
cli() { latchkey "$@"; } # the installed one
show_agent() {
  systemctl --no-pager status latchkey-agent
  journalctl --no-pager -u latchkey-agent -n 40
  cli status --json
}
# check WHAT COMMAND...
check() {
  local what=$1 output
  shift
  output=$("$@" 2>&1) && pass "$what" || fail "$what: $* ended with $?: $(tail -20 <<< "$output")"
}
same() { [ "$2" = "$3" ] && pass "$1" || fail "$1: '$2' is not '$3'"; }
agent() { systemctl show -P "$1" latchkey-agent; }
process() { awk -v name="$1:" '$1 == name {print $2}' "/proc/$(agent MainPID)/status"; }
nothing_at() { [ ! -e "$1" ] && [ ! -L "$1" ]; }
dpkg_quiet() { dpkg "$@" > /run/dpkg.log 2>&1 || { cat /run/dpkg.log; return 1; }; }

# Nobody has logged in, nobody has started anything.
expect "SPEC KEY-1: Ready after the boot" "$ready and .key == \$K1"
same "the boot started it" "$(agent ActiveState) $(agent UnitFileState)" "active enabled"
same "SPEC SEC-1: it runs as latchkey" "$(stat -c %U:%G "/proc/$(agent MainPID)")" latchkey:latchkey
same "SPEC SEC-1: no capability, no new ones, calls filtered" \
  "$(process CapEff) $(process CapBnd) $(process NoNewPrivs) $(process Seccomp)" "0000000000000000 0000000000000000 1 2"
same "SPEC SEC-1: no listener but the socket" "$(ss -Hltnp | grep -c latchkey-agent)" 0
check "consumers may come to the socket" sh -c "getfacl -cp $agent_socket 2>/dev/null | grep -q 'group:latchkey-consumer:rw-' ||
  setpriv --reuid nobody --regid latchkey-consumer --clear-groups curl -sf --unix-socket $agent_socket http://agent/v1/consumers"
# SPEC REQ-2: what only root may read reaches it as credentials.
cli request-key -o /root/request.json > /root/covers 2>&1
check "SPEC REQ-2: the request key covers the machine by what only root may read" \
  grep -q 'is covered, by board-serial, dmi-uuid, machine-id' /root/covers

pull K1
expect "SPEC KEY-13: pulled" '.state == "Missing" and .buffer.running'
plug K1
expect "SPEC KEY-13: plugged in" "$ready and .key == \$K1"

# What an upgrade must keep: state, leases, what the administrator changed.
printf '[server]\nlisten = "127.0.0.1:8201"\n' >> "$agent_config"
systemctl restart latchkey-agent
expect "the administrator's change is taken in" "$ready"
check "it listens" sh -c 'ss -Hltn | grep -q 127.0.0.1:8201'
curl -sS -m 30 --unix-socket "$agent_socket" -X PUT http://agent/v1/consumers/vm-7/usage \
  -d '{"usage":[{"object":"kvm","unit":"cpu-socket","quantity":4}],"ttl_s":3600}' -o /run/lease.json -w "%{http_code}" > /run/lease.code || fail "no lease: $(cat /run/lease.*)"
leases() { cli consumer list --json | jq -cS '[.consumers[] | {consumer, usage}]'; }
records() { cli record list --limit 1000 --json | jq -cS '[.records[] | {chain, seq}]'; }
held=$(leases) known=$(records) before=$(agent MainPID)
check "upgrade" dpkg_quiet --force-confold -i "$packages"/latchkey-agent_*.deb
expect "SPEC KEY-1: Ready after the upgrade" "$ready and .key == \$K1"
[ "$(agent MainPID)" != "$before" ] && pass "the new one runs" || fail "the old one still runs"
same "SPEC POOL-4: the lease is still held" "$(leases)" "$held"
jq -ne --argjson a "$known" --argjson b "$(records)" '($a | length) > 0 and $a - $b == []' > /dev/null &&
  pass "no record is lost" || fail "records are lost"
check "the administrator's change is still there" grep -q 8201 "$agent_config"
check "the new default lies beside it" grep -q 'second management node' "$agent_config.dpkg-dist"

# A product, built with what the packages bring.
check "the client's packages" dpkg_quiet -i "$packages"/liblatchkey-client1_*.deb "$packages"/latchkey-client-dev_*.deb
# shellcheck disable=SC2046
check "the example is built" cc -o /root/hold /usr/share/doc/latchkey-client-dev/examples/hold.c $(pkg-config --cflags --libs latchkey-client)
(sleep 5 | /root/hold product kvm cpu-socket 3 "unix:$agent_socket" > /root/hold.log 2>&1)
check "it holds capacity" grep -q 'holding 3 kvm/cpu-socket' /root/hold.log

deployment=$(status | jq -r .deployment.id)
check "remove" dpkg_quiet -r latchkey-agent
check "it is gone" sh -c '! pgrep latchkey-agent && ! command -v latchkey-agent'
check "the state is still there" test -s /var/lib/latchkey/latchkey.db
check "the configuration is still there" grep -q 8201 "$agent_config"
check "install again" dpkg_quiet --force-confold -i "$packages"/latchkey-agent_*.deb
expect "it goes on where it was" "$ready and .key == \$K1 and .deployment.id == \"$deployment\""

check "purge" dpkg_quiet -P latchkey-agent
for path in /var/lib/latchkey /etc/latchkey /run/latchkey /lib/udev/rules.d/60-latchkey.rules \
  /etc/systemd/system/latchkey-agent.service /etc/systemd/system/multi-user.target.wants/latchkey-agent.service; do
  check "nothing is left at $path" nothing_at "$path"
done
same "systemd knows it no more" "$(agent LoadState)" not-found
finish
