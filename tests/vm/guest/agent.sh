# A deployment in the guest, as docs/operations.md installs it: vendor, provisioned keys, an agent that runs as the
# unprivileged user latchkey. For stories; definitions only.
# shellcheck shell=bash

agent_config=/etc/latchkey/agent.toml
agent_socket=/run/latchkey/agent.sock

vendor() { (cd "$vendor_dir" && LATCHKEY_PASSPHRASE="no secret here" "$VM_BIN/latchkey-vendor" "$@"); }

# create_vendor DIR: root and issuing keys and the trust bundle.
create_vendor() {
  vendor_dir=$1
  mkdir -p "$vendor_dir"
  vendor root create --output root > /dev/null
  vendor issuer create --name lab --output issuer --days 3650 > /dev/null
  vendor trust sign --root root --issuer issuer --output bundle.json > /dev/null
}

# create_licensed_key NAME: over USB, as a vendor does it at the desk. Prints the key ID.
create_licensed_key() {
  local name=$1 node id
  create_key "$name" > /dev/null
  plug "$name"
  wait_for 60 key_node > /dev/null || { echo "no hidraw node for $name" >&2; exit 1; }
  node=$(key_node)
  id=$(vendor key-id --device "$node") || exit 1
  {
    vendor issue --issuer issuer --key-id "$id" --entry kvm:cpu-socket:10 --customer Lab --days 365 \
      --output "$name.license" &&
      vendor provision "$name.license" --device "$node" --root root.pub --bundle bundle.json
  } > /dev/null || exit 1
  pull "$name"
  wait_for 60 no_key_node || { echo "$name does not leave" >&2; exit 1; }
  echo "$id"
}

# The hidraw node of a plugged key: what the rules gave to the group, and udevd is done with.
key_node() {
  local node
  for node in /dev/hidraw*; do
    [ "$(stat -c %G "$node" 2> /dev/null)" = latchkey ] && echo "$node" && return
  done
  return 1
}
no_key_node() { ! key_node > /dev/null; }

# install_agent [EXTRA LINES]: after create_vendor. The trust files are copied, the vendor's secrets are not.
install_agent() {
  mkdir -p /etc/latchkey/trust
  cp "$vendor_dir/root.pub" "$vendor_dir/bundle.json" /etc/latchkey/trust/
  groupadd --system latchkey-admin
  groupadd --system latchkey-consumer
  install -d -o latchkey -g latchkey -m 750 /var/lib/latchkey /run/latchkey
  cat > "$agent_config" << TOML
[node]
name = "$(hostname)"
[trust]
roots = ["/etc/latchkey/trust/root.pub"]
bundle = "/etc/latchkey/trust/bundle.json"
${1:-}
TOML
}

start_agent() {
  setpriv --reuid latchkey --regid latchkey --init-groups \
    "$VM_BIN/latchkey-agent" --config "$agent_config" >> /run/agent.log 2>&1 &
  agent_pid=$!
  wait_for 60 status > /dev/null 2>&1 || show_agent
}
kill_agent() {
  kill -9 "$agent_pid"
  wait "$agent_pid" 2> /dev/null
}
show_agent() {
  echo "--- the agent's log"
  tail -30 /run/agent.log
  echo "--- status"
  cli status --json
}

cli() { "$VM_BIN/latchkey" --socket "$agent_socket" "$@"; }
# Exit codes 10 to 13 of status speak of the key, not of a failure.
status() { cli status --json || [ $? -ge 10 ]; }

# is FILTER: the status fulfils this jq filter. Key IDs: $K1, $K2 as shell variables K1, K2.
is() { status | jq -e --arg K1 "${K1:-}" --arg K2 "${K2:-}" "$1" > /dev/null; }

# expect WHAT FILTER: within a minute and a half.
expect() {
  if wait_for 90 is "$2"; then
    pass "$1"
  else
    fail "$1: not $2"
    show_agent
  fi
}

# The parts of a status that a story looks at.
ready='.state == "Ready" and .usable and .buffer == null'
# A buffer of a first removal: 30 days, to the second (SPEC BUF-2).
seconds='sub("\\.[0-9]+Z"; "Z") | fromdate'
thirty_days="(.buffer.running and (.buffer.until | $seconds) - (.buffer.since | $seconds) == 30 * 86400)"
