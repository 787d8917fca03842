# Plays the story; its output and status are the VM's, and its end is the VM's.
# shellcheck shell=bash
port=$(ls /sys/class/virtio-ports | head -1)
cd /
export NODE VM_SOURCE VM_BIN
: > /vm/up
setsid bash -c '. "$VM_SOURCE/tests/vm/guest/lib.sh"; [ -z "$NODE" ] || barrier up 400; . "$0"' "$VM_STORY" > "/dev/$port" 2>&1 < /dev/null
echo $? > /vm/status.new
mv /vm/status.new /vm/status
sync
echo o > /proc/sysrq-trigger
sleep 60
