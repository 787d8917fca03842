#!/usr/bin/env bash
# mkkernel.sh [DIR]: prepares Debian's own kernel for QEMU in DIR (default build/vm), once. Later calls need no network.
#   DIR/vmlinuz, DIR/lib/modules: from the linux-image package; DIR/initrd.gz: busybox and what mounts the host's root.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=${1:-$here/../../build/vm}
mkdir -p "$dir"
cd "$dir"
exec 9> lock
flock 9 # tests run side by side

kernel_package() { apt-cache depends linux-image-amd64 2> /dev/null | awk '/Depends: linux-image/ {print $2; exit}'; }

fetch_kernel() {
  local package
  package=$(kernel_package)
  if [ -z "$package" ]; then # a machine image may come without package lists
    apt-get update -q=2
    package=$(kernel_package)
  fi
  [ -n "$package" ] || { echo "mkkernel: apt knows no linux-image-amd64" >&2; return 1; }
  rm -rf unpack && mkdir unpack
  (cd unpack && apt-get download -q=2 "$package" 2> apt.log && dpkg -x linux-image-*.deb .) ||
    { cat unpack/apt.log >&2; return 1; }
  rm -rf lib && mkdir lib
  mv unpack/lib/modules lib/modules
  depmod -b . "$(ls lib/modules)"
  mv unpack/boot/vmlinuz-* vmlinuz # last: its presence says that the rest is whole
  rm -rf unpack
}

# The modules without which the host's root cannot be mounted, in the order of loading.
boot_modules() {
  local module
  for module in virtio_pci 9pnet_virtio 9p overlay; do
    modprobe -d . -S "$(ls lib/modules)" --show-depends "$module"
  done | awk '$1 == "insmod" && !seen[$2]++ {print $2}'
}

build_initrd() {
  local number=100 module
  rm -rf initrd && mkdir -p initrd/{bin,proc,sys,dev,modules,lower,upper,root}
  cp "$(command -v busybox)" initrd/bin/busybox
  install -m 755 "$here/guest/initramfs-init" initrd/init
  for module in $(boot_modules); do
    cp "$module" "initrd/modules/$number-$(basename "$module")"
    number=$((number + 1))
  done
  (cd initrd && find . | cpio --quiet -o -H newc | gzip -1) > initrd.new
  mv initrd.new initrd.gz
  rm -rf initrd
}

[ -e vmlinuz ] || fetch_kernel
[ initrd.gz -nt "$here/guest/initramfs-init" ] && [ initrd.gz -nt vmlinuz ] || build_initrd
