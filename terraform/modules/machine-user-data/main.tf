# What a machine of a group finds at boot, besides its image, on every cloud: user-data for cloud-init. The image's own programs read the
# files in /etc/fleet: proxy.sh, disks.sh and secrets.sh in packer/scripts/base.

locals {
  proxy_files = var.proxy == null ? [] : [{
    path = "/etc/fleet/proxy.env"
    content = join("", [
      for name, value in { HTTP_PROXY = var.proxy.url, HTTPS_PROXY = var.proxy.url, NO_PROXY = join(",", var.proxy.exceptions) } :
      "${name}=${value}\n${lower(name)}=${value}\n"
    ])
  }]

  # As systemd reads an EnvironmentFile: in double quotes, with these characters escaped.
  environment_files = length(var.config.environment) == 0 ? [] : [{
    path = "/etc/fleet/group.env"
    content = join("", [
      for name, value in var.config.environment :
      "${name}=\"${replace(replace(replace(replace(value, "\\", "\\\\"), "\"", "\\\""), "$", "\\$"), "`", "\\`")}\"\n"
    ])
  }]

  # Names only. The machine fetches the secrets themselves.
  secret_files = length(var.config.secrets) == 0 ? [] : [{
    path    = "/etc/fleet/secrets.json"
    content = jsonencode({ cloud = var.cloud, place = var.place, secrets = var.config.secrets })
  }]

  disk_files = length(var.disks) == 0 ? [] : [{
    path    = "/etc/fleet/disks"
    content = join("", [for disk in var.disks : "${disk.device} ${disk.filesystem} ${disk.owner} ${disk.mount}\n"])
  }]

  config_files = [
    for path, file in var.config.files :
    { path = path, content = file.content, owner = "${file.owner}:${file.group}", permissions = file.mode }
  ]

  files = concat(local.proxy_files, local.environment_files, local.secret_files, local.disk_files, local.config_files)
}
