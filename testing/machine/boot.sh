#!/bin/sh
# boot.sh ROOT FOLDER WHEELS BROUGHT: becomes PID 1 of a Debian that runs in namespaces of its own, with
# the file system ROOT below a layer in memory. FOLDER is an empty folder to mount it on. Nothing that
# happens in it reaches this machine: it has no network but its own loopback.
set -eu
root=$1 folder=$2 wheels=$3 brought=$4

mount -t tmpfs -o size=3g tmpfs "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/machine"
mount -t overlay overlay \
    -o "lowerdir=$root,upperdir=$folder/upper,workdir=$folder/work" "$folder/machine"
cd "$folder/machine"

mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
    touch "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
# What a reader has: the wheels of an index, and what was built elsewhere.
mkdir -p srv/wheels srv/bursar
mount --bind -o ro "$wheels" srv/wheels
mount --bind "$brought" srv/bursar
ip link set lo up
echo machine >etc/hostname
hostname machine
printf '127.0.0.1 localhost machine api.example.org\n' >etc/hosts
: >etc/resolv.conf

mkdir was
pivot_root . was
mount -t proc proc /proc
# The kernel's settings, modules and clock are those of the real machine.
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
umount --lazy /was
rmdir /was
exec env -i container=bursar-tests PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    setpriv --bounding-set=-sys_module,-sys_time,-sys_boot,-sys_rawio,-syslog,-audit_control,-audit_read \
    /lib/systemd/systemd --show-status=0 --unit=multi-user.target
