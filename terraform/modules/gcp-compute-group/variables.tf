variable "name" {
  description = "The name of the group and of all that belongs to it: fleet, environment and group."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.name))
    error_message = "The name has 6 to 30 lower-case letters, digits and hyphens: GCP takes no more in the name of a service account."
  }
}

variable "description" {
  description = "What the group is for."
  type        = string

  validation {
    condition     = length(var.description) >= 1 && length(var.description) <= 255
    error_message = "The description has 1 to 255 characters."
  }
}

variable "project" {
  description = "The project's id."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "This is the project's id, not its number."
  }
}

variable "region" {
  description = "The region."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+(-[a-z]+)*-[a-z]+[0-9]+$", var.region))
    error_message = "A region is such as asia-northeast1."
  }
}

variable "zones" {
  description = "The zones of the region that the machines are spread over."
  type        = list(string)

  validation {
    condition     = length(var.zones) >= 1 && alltrue([for zone in var.zones : startswith(zone, "${var.region}-")])
    error_message = "The zones are those of the region, at least one."
  }
}

variable "network" {
  description = "Where the machines run: the outputs of the module gcp-network-lookup."
  type = object({
    network    = string
    subnetwork = string
  })
}

variable "bootstrap_image" {
  description = "The image that a new group starts on, by its full name. The rollout owns the image from then on."
  type        = string

  validation {
    condition     = can(regex("^projects/[a-z0-9-]+/global/images/[a-z0-9-]+$", var.bootstrap_image))
    error_message = "The image is named exactly, as projects/PROJECT/global/images/NAME: a family would change by itself."
  }
}

variable "machine_type" {
  description = "The machine type."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*-[a-z0-9-]+$", var.machine_type))
    error_message = "The machine type is such as n2-standard-4."
  }
}

variable "live_migration" {
  description = "Whether a machine is moved to another host while it runs. Not those with a GPU, Spot machines, and some families."
  type        = bool
  default     = true
  nullable    = false

  validation {
    condition     = !var.live_migration || (var.accelerator == null && !var.spot)
    error_message = "Spot machines and those with a GPU are not moved: set live_migration to false."
  }
}

variable "accelerator" {
  description = "GPUs attached to an N1 machine: their type, and how many."
  type = object({
    type  = string
    count = number
  })
  default = null

  validation {
    condition     = var.accelerator == null ? true : startswith(var.machine_type, "n1-")
    error_message = "GPUs are attached to N1 machines only."
  }
}

variable "size" {
  description = "How many machines: `desired` without scaling, between `min` and `max` with it."
  type = object({
    min     = number
    desired = number
    max     = number
  })

  validation {
    condition     = var.size.min >= 0 && var.size.min <= var.size.desired && var.size.desired <= var.size.max
    error_message = "The order is 0 <= min <= desired <= max."
  }
}

variable "disk" {
  description = "The boot disk, always encrypted: size in GiB, type, and the KMS key (by default one of Google's)."
  type = object({
    size_gib = number
    type     = optional(string, "pd-balanced")
    kms_key  = optional(string)
  })

  validation {
    condition     = var.disk.size_gib >= 10 && var.disk.size_gib <= 65536
    error_message = "The size is from 10 to 65536 GiB."
  }

  validation {
    condition     = contains(["hyperdisk-balanced", "pd-balanced", "pd-ssd"], var.disk.type)
    error_message = "The type is pd-balanced, pd-ssd or hyperdisk-balanced."
  }
}

variable "ports" {
  description = "The ports that are open, and from where."
  type = list(object({
    port        = number
    protocol    = string
    cidrs       = list(string)
    description = optional(string)
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for port in var.ports : port.port >= 1 && port.port <= 65535 && contains(["tcp", "udp"], port.protocol)])
    error_message = "A port is from 1 to 65535, with the protocol tcp or udp."
  }

  validation {
    condition     = alltrue(flatten([for port in var.ports : [for cidr in port.cidrs : can(cidrnetmask(cidr))]]))
    error_message = "Ports are open to IPv4 networks."
  }
}

variable "load_balancer" {
  description = "The load balancer that the group stands behind: the machines' port, and where its traffic comes from. Its backend service names the output `instance_group`, and the port `load-balancer`."
  type = object({
    port          = number
    source_ranges = list(string)
  })
  default = null

  validation {
    condition     = var.load_balancer == null ? true : length(var.load_balancer.source_ranges) > 0 && !contains(var.load_balancer.source_ranges, "0.0.0.0/0")
    error_message = "The load balancer's traffic comes from certain networks."
  }
}

variable "health" {
  description = "How a machine is asked whether it is healthy. One that is not, is made anew."
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
    error_message = "The protocol is http, https or tcp."
  }

  validation {
    condition     = var.health == null ? true : var.health.timeout_seconds < var.health.interval_seconds && var.health.grace_seconds <= 3600
    error_message = "The timeout is shorter than the interval, and the grace period at most an hour."
  }
}

variable "scaling" {
  description = "When machines are added and taken away: a target, and sizes at certain times."
  type = object({
    cpu_percent    = optional(number)
    warmup_seconds = optional(number, 120)
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
    error_message = "A schedule's machines are within the size of the group, for at least five minutes."
  }
}

variable "maintenance" {
  description = "How many machines may be added, and how many may be missing, while others are replaced: numbers of 0 or at least one a zone, or percentages in groups of ten or more."
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
    error_message = "Each of the two is a number or a percentage."
  }

  validation {
    condition = alltrue([
      for number in compact([var.maintenance.max_surge_fixed, var.maintenance.max_unavailable_fixed]) :
      tonumber(number) == 0 || tonumber(number) >= length(var.zones)
    ])
    error_message = "A number is 0 or at least one a zone."
  }

  validation {
    condition = anytrue([
      for amount in compact(values(var.maintenance)) : tonumber(amount) > 0
    ])
    error_message = "Where no machine may be added and none may be missing, none can be replaced."
  }
}

variable "roles" {
  description = "Roles of the machines in the project, besides those for logs and metrics."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for role in var.roles : !contains(["roles/editor", "roles/owner"], role)])
    error_message = "A machine is neither owner nor editor of its project."
  }
}

variable "spot" {
  description = "Use Spot machines, which may be taken away at any time."
  type        = bool
  default     = false
  nullable    = false
}

variable "secure_boot" {
  description = "Start only what Google or the fleet has signed."
  type        = bool
  default     = true
  nullable    = false
}

variable "labels" {
  description = "Labels of machines and disks."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "Labels have up to 63 lower-case letters, digits, `_` and `-`; keys start with a letter."
  }
}
