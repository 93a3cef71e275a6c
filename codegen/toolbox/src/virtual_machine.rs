//! A virtual machine to build an image on: Debian 12 with its cloud kernel, GRUB and cloud-init, in qemu.
//!
//! The processor is emulated, so it needs no access to KVM, and is slow. Its disk is one file system without a partition
//! table. A firmware for UEFI finds GRUB on a second, read-only disk, and GRUB finds the configuration that the machine wrote.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::process::run;

/// About what Debian's cloud image has.
const PACKAGES: &str = "systemd,systemd-sysv,dbus,openssh-server,sudo,python3,ca-certificates,iproute2,procps,kmod,udev,\
    linux-image-cloud-amd64,grub-efi-amd64-bin,grub2-common,initramfs-tools,cloud-init,netbase";
const FIRMWARE: &str = "/usr/share/OVMF/OVMF_CODE.fd";
const DISK: &str = "6G";

/// Makes a root file system into one that boots, in its chroot. `/esp` is what the firmware sees.
const PREPARE: &str = r#"
printf 'LABEL=root / ext4 defaults 0 1\n' >/etc/fstab
mkdir -p /boot/grub /esp/EFI/BOOT
cat >>/etc/default/grub <<'END'
GRUB_TIMEOUT=0
GRUB_CMDLINE_LINUX="console=ttyS0 root=LABEL=root"
GRUB_DISABLE_LINUX_UUID=true
END
printf 'search --no-floppy --label --set=root root\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n' >/embedded.cfg
grub-mkstandalone --format=x86_64-efi --output=/esp/EFI/BOOT/BOOTX64.EFI \
  --modules='ext2 search search_label normal linux configfile' boot/grub/grub.cfg=/embedded.cfg
rm /embedded.cfg
# update-grub cannot look at the disk from here. The machine does it with its first kernel update.
kernel=$(ls /boot/vmlinuz-*)
printf 'set timeout=0\nmenuentry Debian {\n  linux %s root=LABEL=root console=ttyS0\n  initrd /boot/initrd.img-%s\n}\n' \
  "$kernel" "${kernel#/boot/vmlinuz-}" >/boot/grub/grub.cfg
systemctl --quiet enable systemd-networkd
printf 'network: { config: disabled }\ndatasource_list: [NoCloud]\nlocale: false\n' >/etc/cloud/cloud.cfg.d/99-rehearsal.cfg
"#;

/// A running machine. Dropping it pulls the plug.
pub struct VirtualMachine {
    qemu: Child,
    monitor: PathBuf,
}

/// What a machine is started with.
pub struct Start<'a> {
    /// The disk's image.
    pub disk: &'a Path,
    /// The folder with what cloud-init reads: `meta-data` and `user-data`.
    pub seed: &'a Path,
    /// The tap interface it is connected to.
    pub interface: &'a str,
    /// Where its console and its monitor go.
    pub folder: &'a Path,
}

impl VirtualMachine {
    /// Starts a machine. `wrap` gives the command that runs a program in the network of the interface.
    ///
    /// # Errors
    /// qemu cannot be started.
    pub fn start(cache: &Path, start: &Start<'_>, wrap: impl Fn(&str) -> Command) -> anyhow::Result<Self> {
        let monitor = start.folder.join("monitor");
        let log = fs_err::File::create(start.folder.join("console.log"))?.into_parts().0;
        let mut qemu = wrap("qemu-system-x86_64");
        qemu.args(["-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "1536", "-smp", "2"]);
        qemu.args(["-nodefaults", "-nographic", "-serial", "stdio"]);
        qemu.args(["-drive", &format!("if=pflash,format=raw,readonly=on,file={FIRMWARE}")]);
        let disk = format!("if=none,id=disk,format=raw,cache=unsafe,file={}", start.disk.display());
        qemu.args(["-drive", &disk, "-device", "virtio-blk-pci,drive=disk,bootindex=2"]);
        let esp = format!("if=none,id=esp,driver=vvfat,read-only=on,dir={}", esp(cache).display());
        qemu.args(["-drive", &esp, "-device", "virtio-blk-pci,drive=esp,bootindex=1"]);
        let seed = format!("if=none,id=seed,driver=vvfat,read-only=on,label=CIDATA,dir={}", start.seed.display());
        qemu.args(["-drive", &seed, "-device", "virtio-blk-pci,drive=seed"]);
        qemu.args(["-netdev", &format!("tap,id=net,script=no,downscript=no,ifname={}", start.interface)]);
        qemu.args(["-device", "virtio-net-pci,netdev=net"]);
        qemu.args(["-device", "virtio-rng-pci", "-qmp", &format!("unix:{},server=on,wait=off", monitor.display())]);
        let qemu =
            qemu.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn().context("cannot start qemu")?;
        Ok(Self { qemu, monitor })
    }

    /// Presses the power button, as a cloud does, and waits until the machine is off.
    ///
    /// # Errors
    /// It does not shut down in five minutes.
    pub fn stop(mut self) -> anyhow::Result<()> {
        self.order("system_powerdown")?;
        let start = Instant::now();
        while start.elapsed() < Duration::from_mins(5) {
            if self.qemu.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        bail!("the virtual machine does not shut down")
    }

    /// Gives an order of the QEMU Machine Protocol.
    fn order(&self, order: &str) -> anyhow::Result<()> {
        let mut monitor = UnixStream::connect(&self.monitor)?;
        monitor.set_read_timeout(Some(Duration::from_secs(10)))?;
        for text in ["{\"execute\":\"qmp_capabilities\"}", &format!("{{\"execute\":\"{order}\"}}")] {
            let _ = monitor.read(&mut [0; 4096])?;
            monitor.write_all(format!("{text}\n").as_bytes())?;
        }
        let _ = monitor.read(&mut [0; 4096])?;
        Ok(())
    }
}

impl Drop for VirtualMachine {
    fn drop(&mut self) {
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

/// What the firmware sees.
fn esp(cache: &Path) -> PathBuf {
    cache.join("debian-12-vm-esp")
}

/// Downloads once what comes from the Debian archive, and prepares the root file system.
///
/// # Errors
/// The archive does not answer, or a program is missing.
pub fn prepare(cache: &Path) -> anyhow::Result<PathBuf> {
    let file = cache.join("debian-12-vm.tar");
    if file.exists() {
        return Ok(file);
    }
    eprintln!("creating the root file system of a virtual machine (about 1 min)");
    fs_err::create_dir_all(cache)?;
    let folder = tempfile::tempdir_in(cache)?;
    let root = folder.path().join("root");
    let mut debootstrap = Command::new("mmdebstrap");
    debootstrap.args(["--quiet", "--variant=minbase", &format!("--include={PACKAGES}"), "bookworm"]);
    run(debootstrap.arg(&root)).context("cannot create a root file system from the Debian archive")?;
    run(Command::new("chroot").arg(&root).args(["bash", "-euc", PREPARE]))?;
    let there = esp(cache);
    let _ = fs_err::remove_dir_all(&there);
    fs_err::rename(root.join("esp"), there)?;
    let tar = folder.path().join("root.tar");
    run(Command::new("tar").args(["--create", "--directory"]).arg(&root).arg("--file").arg(&tar).arg("."))?;
    fs_err::rename(tar, &file)?;
    Ok(file)
}

/// Makes the disk of a new machine. `change` may change its files before.
///
/// # Errors
/// A program fails.
pub fn disk(cache: &Path, to: &Path, change: impl Fn(&Path) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let root = to.with_extension("root");
    fs_err::create_dir_all(&root)?;
    run(Command::new("tar").arg("--extract").arg("--file").arg(prepare(cache)?).arg("--directory").arg(&root))?;
    change(&root)?;
    run(Command::new("truncate").args(["--size", DISK]).arg(to))?;
    run(Command::new("mkfs.ext4").args(["-q", "-L", "root", "-d"]).arg(&root).arg(to))?;
    Ok(fs_err::remove_dir_all(root)?)
}
