# Process 1 of the guest: devices, udevd, network; then the story, whose output and status are the VM's.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
. /vm/env

mount_file_systems() {
  mkdir -p /lib/modules /dev/pts /dev/shm /run/lock
  mount --bind "$VM_KERNEL/lib/modules" /lib/modules
  mount -t devpts devpts /dev/pts
  mount -t tmpfs -o mode=1777 shm /dev/shm
  ln -sfn /proc/self/fd /dev/fd
}

start_udev() {
  cp "$VM_SOURCE/udev/60-latchkey.rules" /etc/udev/rules.d/
  # The rules name the group: udevd reads both when it starts.
  groupadd --system latchkey
  useradd --system --gid latchkey --home-dir /var/lib/latchkey --shell /usr/sbin/nologin latchkey
  modprobe -qa virtio_console virtio_rng vhci_hcd usbhid hid_generic xhci_pci
  /lib/systemd/systemd-udevd --daemon
  udevadm trigger --action=add
  udevadm settle -t 20
}

join_network() {
  [ -n "$NODE" ] || return
  modprobe virtio_net
  mkdir -p /share
  mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=none share /share
  udevadm settle -t 20
  IFACE=$(basename "$(ls -d /sys/class/net/e*)")
  case $NODE in
    A) IP=10.77.0.1 PEER=10.77.0.2 ;;
    B) IP=10.77.0.2 PEER=10.77.0.1 ;;
  esac
  ip addr add "$IP/24" dev "$IFACE"
  ip link set "$IFACE" up
  export IFACE IP PEER
}

mount_file_systems
[ -z "$VM_SYSTEMD" ] || . /vm/guest/systemd.sh # does not come back
start_udev
ip link set lo up
hostname "node${NODE:+-${NODE,,}}"
join_network
. /vm/guest/play.sh
