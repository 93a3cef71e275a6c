variable "cloud" {
  description = "The cloud that the machine runs on: aws or gcp."
  type        = string

  validation {
    condition     = contains(["aws", "gcp"], var.cloud)
    error_message = "The cloud must be aws or gcp."
  }
}

variable "place" {
  description = "Where secrets are: the region on AWS, the project on GCP."
  type        = string
}

variable "proxy" {
  description = "The proxy through which programs reach the internet: its URL, and the hosts, domains and CIDRs that are reached without it. Default: none."
  type = object({
    url        = string
    exceptions = list(string)
  })
  default = null

  validation {
    condition     = var.proxy == null ? true : can(regex("^http://[a-z0-9.-]+:[0-9]+$", var.proxy.url))
    error_message = "The proxy must be a URL such as http://proxy.example.internal:3128."
  }
}

variable "config" {
  description = "Environment variables of services, files by path, and secrets by the variable that services find them in, each with its name and the key in it if it is JSON."
  type = object({
    environment = optional(map(string), {})
    files = optional(map(object({
      content = string
      owner   = optional(string, "root")
      group   = optional(string, "root")
      mode    = optional(string, "0644")
    })), {})
    secrets = optional(map(object({
      name = string
      key  = optional(string)
    })), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for path in keys(var.config.files) : startswith(path, "/") && !startswith(path, "/etc/fleet/")])
    error_message = "Paths must be absolute, and not in /etc/fleet."
  }
}

variable "disks" {
  description = "Disks to mount: the device (sdf to sdp on AWS, google-NAME on GCP, or `instance-store` for all disks inside the host), the file system, the owner and the path."
  type = list(object({
    device     = string
    filesystem = string
    owner      = string
    mount      = string
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for disk in var.disks : can(regex("^/[^ \n]+$", disk.mount)) && contains(["ext4", "xfs"], disk.filesystem)])
    error_message = "A disk is mounted at an absolute path without spaces, with the file system ext4 or xfs."
  }
}
