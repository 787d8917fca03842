# Process 1 of a guest with systemd: units, their sandbox and the boot are real. Before it the story's image.sh installs
# what the machine boots with; story.sh is played when the boot is over.
# shellcheck shell=bash disable=SC2154
: > /vm/up
modprobe -qa virtio_console virtio_rng vhci_hcd usbhid hid_generic
ip link set lo up
export NODE VM_SOURCE VM_BIN

# Of the host's services none starts; nothing walks through its files, and nothing waits for its devices.
rm -f /etc/fstab
rm -f /.dockerenv # or systemd takes this machine for a container, whose mounts it leaves private: no credentials
mount --make-rshared /
rm -f /var/lib/man-db/auto-update # nor reads all manual pages when a package brings one
truncate -s 0 /var/lib/dpkg/info/*.list # dpkg reads what every package owns, each time: half a minute here
rm -f /usr/sbin/policy-rc.d       # container images forbid packages to start services
systemd-id128 new > /etc/machine-id
find /etc/systemd/system -path '*.wants/*' -delete
for unit in systemd-tmpfiles-setup.service systemd-tmpfiles-clean.timer systemd-random-seed.service \
  systemd-hwdb-update.service systemd-logind.service dbus.service dbus.socket getty.target; do
  ln -sf /dev/null "/etc/systemd/system/$unit"
done
cat > /etc/systemd/system/vm.service << 'UNIT'
[Unit]
After=multi-user.target
[Service]
Environment=HOME=/root LANG=C.UTF-8
ExecStart=/bin/bash -c '. /vm/env; . /vm/guest/play.sh'
UNIT
cat > /etc/systemd/system/vm.target << 'UNIT'
[Unit]
Requires=multi-user.target
Wants=vm.service
After=multi-user.target
AllowIsolate=yes
UNIT

image=$(dirname "$VM_STORY")/image.sh
if [ -e "$image" ]; then
  bash -c '. "$VM_SOURCE/tests/vm/guest/lib.sh"; . "$0"' "$image" > /vm/image.log 2>&1 < /dev/null || echo "image.sh failed" >> /vm/image.log
fi
cd /
exec /lib/systemd/systemd --unit=vm.target --show-status=0 --log-level=warning
