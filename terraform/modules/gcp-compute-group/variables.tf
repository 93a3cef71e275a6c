variable "name" {
  description = "The name of the group and of everything that belongs to it: FLEET-ENVIRONMENT-GROUP."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.name))
    error_message = "The name must be 6 to 30 lower-case letters, digits and hyphens, because GCP limits a service account's name to 30."
  }
}

variable "description" {
  description = "What the group is for."
  type        = string

  validation {
    condition     = length(var.description) >= 1 && length(var.description) <= 255
    error_message = "The description must have 1 to 255 characters."
  }
}

variable "project" {
  description = "The project's id."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "This must be the project's id, not its number."
  }
}

variable "region" {
  description = "The region."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+(-[a-z]+)*-[a-z]+[0-9]+$", var.region))
    error_message = "The region must be a name such as asia-northeast1."
  }
}

variable "zones" {
  description = "The zones to spread the machines over."
  type        = list(string)

  validation {
    condition     = length(var.zones) >= 1 && alltrue([for zone in var.zones : startswith(zone, "${var.region}-")])
    error_message = "There must be at least one zone, all of them in the region."
  }
}

variable "network" {
  description = "The network: the outputs of the module gcp-network-lookup."
  type = object({
    network    = string
    subnetwork = string
    project    = optional(string)
  })
}

variable "bootstrap_image" {
  description = "The image that a new group starts with, as its full name. After that, the rollout owns the image."
  type        = string

  validation {
    condition     = can(regex("^projects/[a-z0-9-]+/global/images/[a-z0-9-]+$", var.bootstrap_image))
    error_message = "The image must be exact, as projects/PROJECT/global/images/NAME: a family would resolve to new images."
  }
}

variable "hold_replacements" {
  description = "Whether Google leaves unhealthy and outdated machines alone: for a new group on a vendor's image, until an image is promoted to its environment."
  type        = bool
  default     = false
  nullable    = false
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

variable "machine_type" {
  description = "The machine type."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*-[a-z0-9-]+$", var.machine_type))
    error_message = "The machine type must be a name such as n2-standard-4."
  }
}

variable "has_gpus" {
  description = "Whether the machine type includes GPUs, such as those of the families G2 and A2."
  type        = bool
  default     = false
  nullable    = false
}

variable "live_migration" {
  description = "Whether machines migrate to another host while they run. Not possible for machines with a GPU, Spot machines, and some families."
  type        = bool
  default     = true
  nullable    = false

  validation {
    condition     = !var.live_migration || (var.accelerator == null && !var.spot)
    error_message = "Spot machines and machines with a GPU cannot migrate: set live_migration to false."
  }
}

variable "accelerator" {
  description = "GPUs to attach to an N1 machine: type and number."
  type = object({
    type  = string
    count = number
  })
  default = null

  validation {
    condition     = var.accelerator == null ? true : startswith(var.machine_type, "n1-")
    error_message = "Only N1 machines can have GPUs attached."
  }
}

variable "size" {
  description = "The number of machines: `desired` without scaling, or from `min` to `max` with it."
  type = object({
    min     = number
    desired = number
    max     = number
  })

  validation {
    condition     = var.size.min >= 0 && var.size.min <= var.size.desired && var.size.desired <= var.size.max
    error_message = "The sizes must satisfy 0 <= min <= desired <= max."
  }
}

variable "disk" {
  description = "The boot disk, always encrypted: size in GiB, type, IOPS and throughput in MiB/s (hyperdisk-balanced only), and KMS key, also for data disks. Default key: Google's."
  type = object({
    size_gib   = number
    type       = optional(string, "pd-balanced")
    iops       = optional(number)
    throughput = optional(number)
    kms_key    = optional(string)
  })

  validation {
    condition     = var.disk.size_gib >= 10 && var.disk.size_gib <= 65536
    error_message = "The size must be 10 to 65536 GiB."
  }

  validation {
    condition     = contains(["hyperdisk-balanced", "pd-balanced", "pd-ssd"], var.disk.type)
    error_message = "The type must be pd-balanced, pd-ssd or hyperdisk-balanced."
  }

  validation {
    condition     = var.disk.type == "hyperdisk-balanced" || (var.disk.iops == null && var.disk.throughput == null)
    error_message = "Only hyperdisk-balanced has IOPS and throughput to set."
  }
}

variable "data_disks" {
  description = "Disks for data, by name, always encrypted: size in GiB, type, IOPS and throughput as for the boot disk, and where they are mounted, with which file system (ext4 or xfs) and owner. They come and go with the machine."
  type = map(object({
    size_gib   = number
    type       = optional(string, "pd-balanced")
    iops       = optional(number)
    throughput = optional(number)
    mount      = string
    filesystem = optional(string, "ext4")
    owner      = optional(string, "root")
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for disk in var.data_disks : contains(["hyperdisk-balanced", "pd-balanced", "pd-ssd"], disk.type)])
    error_message = "The type must be pd-balanced, pd-ssd or hyperdisk-balanced."
  }
}

variable "instance_store" {
  description = "Where the disks inside the host are mounted, with which file system and owner, and how many to attach to a machine type without. Default: nowhere."
  type = object({
    mount      = string
    filesystem = optional(string, "ext4")
    owner      = optional(string, "root")
    disks      = optional(number)
  })
  default = null
}

variable "config" {
  description = "What machines find at boot: environment variables of services, files by path, and secrets by the variable that services find them in, each with its name and the key in it if it is JSON. Default: nothing."
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
}

variable "metadata" {
  description = "More entries of the machines' metadata."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "egress" {
  description = "What the machines may connect to besides the network: the name of a destination, its CIDRs, the protocol, and the port or range of ports."
  type = list(object({
    to       = string
    port     = string
    protocol = string
    cidrs    = list(string)
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue(flatten([for egress in var.egress : [for cidr in egress.cidrs : can(cidrnetmask(cidr)) && cidr != "0.0.0.0/0"]]))
    error_message = "Each must be an IPv4 CIDR, and not 0.0.0.0/0."
  }
}

variable "ports" {
  description = "The open ports or ranges of ports, and the CIDRs and service accounts they are open to."
  type = list(object({
    port             = string
    protocol         = string
    cidrs            = list(string)
    service_accounts = optional(list(string), [])
    description      = optional(string)
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for port in var.ports : can(regex("^[1-9][0-9]{0,4}(-[1-9][0-9]{0,4})?$", port.port)) && contains(["tcp", "udp"], port.protocol)])
    error_message = "A port must be 1 to 65535 or a range such as 9000-9100, with the protocol tcp or udp."
  }

  validation {
    condition     = alltrue(flatten([for port in var.ports : [for cidr in port.cidrs : can(cidrnetmask(cidr))]]))
    error_message = "Ports may be opened only to IPv4 CIDRs."
  }
}

variable "backends" {
  description = "What load balancers send traffic to, by name: the machines' port, its protocol (tcp or udp), and the ranges that traffic comes from. A backend service refers to the output `instance_group` and the port with the backend's name, which is `load-balancer` for `main`."
  type = map(object({
    port          = number
    protocol      = optional(string, "tcp")
    source_ranges = list(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for backend in var.backends : length(backend.source_ranges) > 0 && (backend.protocol == "udp" || !contains(backend.source_ranges, "0.0.0.0/0"))])
    error_message = "A load balancer needs at least one source range, and only packets of UDP may come from everywhere."
  }
}

variable "health" {
  description = "The health check. An unhealthy machine is recreated."
  type = object({
    protocol         = optional(string, "http")
    port             = number
    path             = optional(string, "/")
    interval_seconds = optional(number, 10)
    timeout_seconds  = optional(number, 5)
    healthy_after    = optional(number, 2)
    unhealthy_after  = optional(number, 3)
    grace_seconds    = optional(number, 300)
  })
  default = null

  validation {
    condition     = var.health == null ? true : contains(["http", "https", "tcp"], var.health.protocol)
    error_message = "The protocol must be http, https or tcp."
  }

  validation {
    condition     = var.health == null ? true : var.health.timeout_seconds < var.health.interval_seconds && var.health.grace_seconds <= 3600
    error_message = "The timeout must be shorter than the interval, and the grace period at most one hour."
  }
}

variable "scaling" {
  description = "Autoscaling: a target value, a subscription in Pub/Sub with the messages that may wait for each machine, and sizes on a schedule."
  type = object({
    cpu_percent    = optional(number)
    warmup_seconds = optional(number, 120)
    queue = optional(object({
      name                 = string
      messages_per_machine = number
    }))
    schedules = optional(map(object({
      cron             = string
      time_zone        = optional(string, "UTC")
      machines         = number
      duration_seconds = number
    })), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for schedule in var.scaling.schedules : schedule.machines <= var.size.max && schedule.duration_seconds >= 300])
    error_message = "A schedule's size must be within the size of the group, and last at least five minutes."
  }
}

variable "maintenance" {
  description = "How many machines may be added and how many may be unavailable during a replacement. Each is 0, at least the number of zones, or a percentage for groups of ten or more."
  type = object({
    max_surge_fixed         = optional(number)
    max_surge_percent       = optional(number)
    max_unavailable_fixed   = optional(number)
    max_unavailable_percent = optional(number)
  })

  validation {
    condition = (
      (var.maintenance.max_surge_fixed == null) != (var.maintenance.max_surge_percent == null) &&
      (var.maintenance.max_unavailable_fixed == null) != (var.maintenance.max_unavailable_percent == null)
    )
    error_message = "Set a number or a percentage for each of the two, not both."
  }

  validation {
    condition = alltrue([
      for number in compact([var.maintenance.max_surge_fixed, var.maintenance.max_unavailable_fixed]) :
      tonumber(number) == 0 || tonumber(number) >= length(var.zones)
    ])
    error_message = "A number must be 0, or at least the number of zones."
  }

  validation {
    condition = anytrue([
      for amount in compact(values(var.maintenance)) : tonumber(amount) > 0
    ])
    error_message = "Surge and unavailable cannot both be 0: no machine could be replaced."
  }
}

variable "service_account" {
  description = "The e-mail address of the machines' service account, which exists."
  type        = string

  validation {
    condition     = can(regex("^[^@]+@[^@]+$", var.service_account))
    error_message = "The service account must be an e-mail address."
  }
}

variable "spot" {
  description = "Use Spot machines, which Google may stop at any time."
  type        = bool
  default     = false
  nullable    = false
}

variable "secure_boot" {
  description = "Boot only signed software (Secure Boot)."
  type        = bool
  default     = true
  nullable    = false
}

variable "labels" {
  description = "Labels for machines and disks."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "Labels must have up to 63 lower-case letters, digits, `_` and `-`, and keys must start with a letter."
  }
}
