#!/usr/bin/env bash
# run.sh [OPTION...] STORY: boots one VM and runs the bash script STORY in it as root; output and status are STORY's.
#   --bin DIR      the binaries under test (default build/dev/bin)
#   --timeout S    wall clock of a VM, default 600; status 124 when it is over
#   --systemd 1    systemd is process 1 (guest/systemd.sh)
#   --qemu ARG     one more argument for QEMU; repeatable
#   --node A|B --share DIR   one of two nodes, see run2.sh
# The guest sees the host's files read-only, so every program of the host runs in it; what it writes is lost at the end.
# LATCHKEY_VM_ACCEL=kvm takes KVM; the default, TCG, works on every machine.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
bin=$source/build/dev/bin timeout=600 boot_limit=100 node='' systemd='' share='' extra=()
while [[ ${1:-} == --* ]]; do
  case $1 in
    --bin) bin=$(readlink -f "$2") ;;
    --timeout) timeout=$2 ;;
    --systemd) systemd=$2 ;;
    --qemu) extra+=("$2") ;;
    --node) node=$2 ;;
    --share) share=$2 ;;
    *) echo "run.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
story=$(readlink -e "${1:?usage: run.sh [OPTION...] STORY}") || { echo "run.sh: no story $1" >&2; exit 2; }

kernel=$source/build/vm
"$here/mkkernel.sh" "$kernel"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/vm"
cp -r "$here/guest" "$dir/vm/"
printf '%s=%q\n' VM_KERNEL "$kernel" VM_SOURCE "$source" VM_BIN "$bin" VM_STORY "$story" NODE "$node" VM_SYSTEMD "$systemd" > "$dir/vm/env"

if [ -n "$node" ]; then
  case $node in A) peer=B mac=01 ;; *) peer=A mac=02 ;; esac
  extra+=(-netdev "dgram,id=n0,local.type=unix,local.path=$share/link.$node,remote.type=unix,remote.path=$share/link.$peer"
    -device "virtio-net-pci,netdev=n0,mac=52:54:00:77:00:$mac,romfile="
    -virtfs "local,path=$share,mount_tag=share,security_model=none,multidevs=remap")
fi
case ${LATCHKEY_VM_ACCEL:-tcg} in
  kvm) accel=(-accel kvm -cpu host) ;;
  *) accel=(-accel "tcg,thread=multi" -cpu max) ;;
esac

mkfifo "$dir/input" # an endless standard input, or QEMU's chardev closes
start_vm() {
  timeout --foreground -k 5 "$timeout" qemu-system-x86_64 "${accel[@]}" -m 1024 -smp 2 \
    -kernel "$kernel/vmlinuz" -initrd "$kernel/initrd.gz" -append "console=ttyS0 quiet panic=-1" \
    -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap \
    -virtfs "local,path=$dir/vm,mount_tag=vm,security_model=none,multidevs=remap" \
    -device virtio-rng-pci -device virtio-serial-pci \
    -chardev stdio,id=out,signal=off -device virtserialport,chardev=out,name=out \
    -serial "file:$dir/console" -display none -monitor none -nic none -no-reboot \
    ${share:+-pidfile "$share/pid.$node"} "${extra[@]}" <> "$dir/input" &
  vm=$!
}
# Until the story begins, or the VM has ended, or it has had time enough for both.
came_up() {
  local end=$((SECONDS + boot_limit))
  until [ -e "$dir/vm/up" ]; do
    kill -0 "$vm" 2> /dev/null || return 0
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.2
  done
}
# No word from bash about a QEMU that was killed on purpose.
end_of_vm() { wait "$vm" 2> /dev/null; }

# On a busy host an emulated processor now and then loses a timer interrupt while the kernel starts, and the kernel then
# sleeps for ever ("RCU ... Possible timer handling issue"). Such a VM has tested nothing: it is started anew.
start_vm
for _ in 1 2; do
  came_up && break
  echo "run.sh: the VM did not come up in $boot_limit s; once more" >&2
  kill "$vm"
  end_of_vm || true
  start_vm
done
end_of_vm && status=0 || status=$?

if [ -e "$dir/vm/status" ]; then
  exit "$(cat "$dir/vm/status")"
elif [ -n "$share" ] && [ -e "$share/kill.$node" ]; then
  exit 0 # the story wanted it
fi
echo "run.sh: the VM ended without a status (QEMU $status); its console:" >&2
tail -20 "$dir/console" >&2
[ "$status" = 124 ] && exit 124
exit 125
