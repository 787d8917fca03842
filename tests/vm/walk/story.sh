# A newcomer's walk from the packages to a countdown: tests/vm/walk/commands, typed by a script, with the time each took.
. "$VM_SOURCE/tests/vm/guest/agent.sh"
most=15 typed=0 begun=$SECONDS
commands=$VM_SOURCE/tests/vm/walk/commands
# What a person types when asked.
export LATCHKEY_PASSPHRASE="no secret here" LATCHKEY_PASSWORD="no secret either" DEBIAN_FRONTEND=noninteractive
mkdir /root/walk && cd /root/walk && cp "$VM_BIN"/../package/latchkey-*.deb . || exit 1
cli() { latchkey "$@"; }
show_agent() {
  journalctl --no-pager -u latchkey-agent -n 40
  latchkey status --json
  latchkey doctor
}

# The page over 8201, and what it shows to who has signed in.
browser() { curl -sS -m 20 -b /root/cookies -c /root/cookies --cacert <(latchkey server ca) "$@"; }
page_shows() {
  browser https://localhost:8201/ | grep -qi '<html' || { echo "no page"; return 1; }
  browser -o /dev/null https://localhost:8201/v1/session -d "$(jq -n --arg p "$LATCHKEY_PASSWORD" '{name: "admin", password: $p}')"
  browser https://localhost:8201/v1/status | jq -e --arg state "$1" '.state == $state'
}
# look STATE: until the page shows it.
look() {
  if wait_for 60 page_shows "$1" > /run/look.log 2>&1; then pass "the page shows $1"; else fail "the page does not show $1: $(tail -3 /run/look.log)"; show_agent; fi
}
# A person sees the light come on before typing.
seen() { journalctl -u latchkey-agent -o cat | grep -c event=key-added; }
more_seen() { [ "$(seen)" -gt "$1" ]; }
plug_in() {
  local before
  before=$(seen)
  plug stick
  wait_for 60 more_seen "$before" || fail "the agent does not see the key"
}
hand() {
  case $1 in
    plug) plug_in ;;
    pull) pull stick ;;
    page) look "$2" ;;
    *) fail "no such step: $*" ;;
  esac
}
# type COMMAND: exit codes from 10 on speak of the key.
type_command() {
  local start=$SECONDS status=0
  echo "\$ $1"
  bash -c "$1" > /run/typed.log 2>&1 || status=$?
  tail -12 /run/typed.log
  typed=$((typed + 1))
  if [ "$status" = 0 ] || [ "$status" -ge 10 ]; then pass "$((SECONDS - start)) s"; else fail "it ended with $status"; fi
}

while IFS= read -r line <&3; do
  case $line in
    '# -> '*) hand ${line#'# -> '} ;;
    '#'* | '') ;;
    *) type_command "$line" ;;
  esac
done 3< "$commands"
tail -30 /run/typed.log | grep -q 'ends in 29 days\|ends in 30 days' && pass "SPEC BUF-8: the countdown is there" || fail "no countdown"
latchkey pool | grep -q 'disaster-recovery\|Disaster' && pass "the file license counts" || fail "no module"
latchkey consumer list | grep -q '^vm-1 ' && pass "the consumer holds capacity" || fail "no consumer"
[ "$typed" -le "$most" ] && pass "$typed commands in $((SECONDS - begun)) s of this machine's" || fail "$typed commands, of $most"
grep -vE '^#|^$' "$commands" | grep -qE '\b(vi|vim|nano|emacs|\$EDITOR)\b' && fail "an editor" || pass "no editor"
finish
