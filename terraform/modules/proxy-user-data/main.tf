# How a machine becomes a proxy, on every cloud: user-data for cloud-init. Squid is in the image, or comes from the distribution's snapshot
# of one day, so that machines are the same whenever they start.

locals {
  installs = length(var.package_sources) > 0

  # The snapshot service fails now and then, so the installation is repeated until it succeeds.
  install = "until apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --option Dpkg::Options::=--force-confold squid gnupg; do sleep 15; done"

  package_files = [
    {
      # Old snapshots of Debian are past their Valid-Until.
      path    = "/etc/apt/apt.conf.d/90fleetgen"
      content = "Acquire::Retries \"5\";\nAcquire::Check-Valid-Until \"false\";\n"
    },
    {
      path    = "/etc/apt/sources.list.d/fleetgen.sources"
      content = join("\n", [for source in var.package_sources : "Types: deb\nURIs: ${source.url}\nSuites: ${source.suites}\nComponents: main\nSigned-By: ${source.keyring}\n"])
    },
  ]

  squid_files = [
    {
      # Before the package, which is told to keep a configuration that is there.
      path    = "/etc/squid/squid.conf"
      content = var.squid_conf
    },
    {
      # The load balancer stops sending connections long before.
      path    = "/etc/systemd/system/squid.service.d/stop.conf"
      content = "[Service]\nTimeoutStopSec=60\nRestart=on-failure\n"
    },
  ]

  user = var.run_as == null ? {} : {
    # Whoever opens a session may read the log.
    users = ["default", { name = var.run_as, shell = "/bin/bash", groups = ["adm", "proxy"], lock_passwd = true }]
  }

  user_data = merge(local.user, {
    # Only one list says where packages come from, as in packer/scripts/base/sources.sh.
    bootcmd     = [["rm", "--force", "/etc/apt/sources.list", "/etc/apt/sources.list.d/ubuntu.sources", "/etc/apt/sources.list.d/debian.sources"]]
    apt         = { preserve_sources_list = true }
    write_files = concat(local.installs ? local.package_files : [], local.squid_files, var.files)
    runcmd = concat(local.installs ? [local.install] : [], [
      ["systemctl", "daemon-reload"],
      ["systemctl", "enable", "squid.service"],
      ["systemctl", "restart", "squid.service"],
    ], var.commands)
  })
}
