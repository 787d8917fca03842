# What an installer does before the machine ever boots: packages, the vendor's files; a key is in its port.
. "$VM_SOURCE/tests/vm/guest/agent.sh"
packages=$(readlink -e "$VM_BIN/../package")
set -ex
dpkg -i "$packages/older.deb"
readlink /etc/systemd/system/multi-user.target.wants/latchkey-agent.service
! pgrep latchkey-agent

start_emulator
create_vendor /root/vendor
id=$(create_key K1)
plug K1
wait_for 60 test -e /dev/hidraw0
vendor issue --issuer issuer --key-id "$id" --entry kvm:cpu-socket:10 --customer Lab --days 365 --output K1.license
vendor provision K1.license --device /dev/hidraw0 --root root.pub --bundle bundle.json
echo "$id" > /root/K1
cp /root/vendor/root.pub /root/vendor/bundle.json /etc/latchkey/trust/
