variable "name" {
  description = "The name of the group and of all that belongs to it: fleet, environment and group."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,62}[a-z0-9]$", var.name))
    error_message = "The name has 2 to 64 lower-case letters, digits and hyphens: AWS takes 64 in the name of a role."
  }
}

variable "description" {
  description = "What the group is for; on the first version of the launch template."
  type        = string

  validation {
    condition     = length(var.description) >= 1 && length(var.description) <= 255
    error_message = "The description has 1 to 255 characters."
  }
}

variable "network" {
  description = "Where the machines run: the outputs of the module aws-network-lookup."
  type = object({
    vpc_id            = string
    subnet_ids        = list(string)
    s3_prefix_list_id = string
  })

  validation {
    condition     = length(var.network.subnet_ids) >= 1
    error_message = "The network has no subnet for machines."
  }
}

variable "bootstrap_image" {
  description = "The image that a new group starts on, by its owner's account, exact name and architecture. The rollout owns the image from then on; the name must stay one that exists, since every plan looks it up."
  type = object({
    owner        = string
    name         = string
    architecture = string
  })

  validation {
    condition     = contains(["arm64", "x86_64"], var.bootstrap_image.architecture)
    error_message = "The architecture is arm64 or x86_64."
  }

  validation {
    condition     = !strcontains(var.bootstrap_image.name, "*")
    error_message = "The image is named exactly: with a wildcard it would change by itself."
  }
}

variable "machine_type" {
  description = "The instance type."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*[.][a-z0-9-]+$", var.machine_type))
    error_message = "The instance type is a family and a size, such as m7g.large."
  }
}

variable "other_machine_types" {
  description = "Other instance types that will do, of the same architecture, the most wanted first."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for type in var.other_machine_types : can(regex("^[a-z][a-z0-9-]*[.][a-z0-9-]+$", type))])
    error_message = "An instance type is a family and a size, such as m7g.large."
  }
}

variable "size" {
  description = "How many machines. A change of `desired` has no effect on a group that exists: autoscaling owns it."
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
  description = "The boot disk, always encrypted: size in GiB, operations and MiB a second, and the KMS key by alias or ARN (by default the account's own for EBS)."
  type = object({
    size_gib   = number
    iops       = optional(number, 3000)
    throughput = optional(number, 125)
    kms_key    = optional(string)
  })

  validation {
    condition     = var.disk.size_gib >= 1 && var.disk.size_gib <= 65536
    error_message = "The size is from 1 to 65536 GiB."
  }

  validation {
    condition     = var.disk.iops >= 3000 && var.disk.iops <= 16000 && var.disk.throughput >= 125 && var.disk.throughput <= 1000
    error_message = "A gp3 volume takes 3000 to 16000 operations and 125 to 1000 MiB a second."
  }

  validation {
    condition     = var.disk.iops <= 500 * var.disk.size_gib && var.disk.throughput * 4 <= var.disk.iops
    error_message = "A gp3 volume takes 500 operations a second for each GiB, and a MiB a second for each four operations."
  }

  validation {
    condition     = var.disk.kms_key == null ? true : startswith(var.disk.kms_key, "alias/") || startswith(var.disk.kms_key, "arn:aws:kms:")
    error_message = "The KMS key is named by its alias, as alias/NAME, or by its ARN."
  }
}

variable "egress_cidrs" {
  description = "The networks that the machines may reach; there is no way to the internet but the proxy in them."
  type        = list(string)

  validation {
    condition     = alltrue([for cidr in var.egress_cidrs : can(cidrnetmask(cidr)) && cidr != "0.0.0.0/0"])
    error_message = "These are IPv4 networks, and not all of them."
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
  description = "The load balancer that the group stands behind: its ARN and security group, the machines' port, what it speaks to them (HTTP, HTTPS or TCP), how long a machine that leaves may finish its requests, and the port and certificate of a listener of the group's own."
  type = object({
    arn            = string
    security_group = string
    port           = number
    protocol       = string
    drain_seconds  = optional(number, 60)
    listener_port  = optional(number)
    certificate    = optional(string)
  })
  default = null

  validation {
    condition     = var.load_balancer == null ? true : contains(["HTTP", "HTTPS", "TCP"], var.load_balancer.protocol)
    error_message = "The protocol is HTTP, HTTPS or TCP."
  }

  validation {
    condition     = var.load_balancer == null ? true : length(var.name) <= 32
    error_message = "Behind a load balancer the name has at most 32 characters: AWS takes no more in the name of a target group."
  }

  validation {
    condition     = var.load_balancer == null ? true : var.health != null
    error_message = "Behind a load balancer, `health` is needed: it has to know which machines to use."
  }
}

variable "health" {
  description = "How the load balancer asks a machine whether it is healthy."
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
    condition     = var.health == null ? true : var.health.timeout_seconds < var.health.interval_seconds
    error_message = "The timeout is shorter than the interval."
  }
}

variable "scaling" {
  description = "When machines are added and taken away: targets, and sizes at certain times."
  type = object({
    cpu_percent          = optional(number)
    requests_per_machine = optional(number)
    schedules = optional(map(object({
      cron      = string
      time_zone = optional(string, "UTC")
      machines  = number
    })), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.scaling.requests_per_machine == null ? true : var.load_balancer != null
    error_message = "Requests are counted by a load balancer, and there is none."
  }

  validation {
    condition     = alltrue([for schedule in var.scaling.schedules : schedule.machines >= var.size.min && schedule.machines <= var.size.max])
    error_message = "A schedule's machines are within the size of the group."
  }
}

variable "warmup_seconds" {
  description = "How long a new machine takes to do its part."
  type        = number
  default     = 120
  nullable    = false

  validation {
    condition     = var.warmup_seconds >= 0 && var.warmup_seconds <= 3600
    error_message = "The warm-up is at most an hour."
  }
}

variable "maintenance" {
  description = "How many machines stay while others are replaced, in percent of the desired size."
  type = object({
    min_healthy_percentage = number
    max_healthy_percentage = number
  })
  default = {
    min_healthy_percentage = 100
    max_healthy_percentage = 110
  }
  nullable = false

  validation {
    condition = (
      var.maintenance.min_healthy_percentage >= 0 && var.maintenance.min_healthy_percentage <= 100 &&
      var.maintenance.max_healthy_percentage >= 100 && var.maintenance.max_healthy_percentage <= 200 &&
      var.maintenance.max_healthy_percentage - var.maintenance.min_healthy_percentage <= 100
    )
    error_message = "The minimum is from 0 to 100, the maximum from 100 to 200, and they are at most 100 apart."
  }

  validation {
    condition     = var.maintenance.max_healthy_percentage > var.maintenance.min_healthy_percentage
    error_message = "A minimum and maximum of 100 leave no machine that may be replaced."
  }
}

variable "spot" {
  description = "Spot capacity: how many machines are On-Demand in any case, which part of the others, and how Spot capacity is chosen."
  type = object({
    on_demand_base       = optional(number, 0)
    on_demand_percentage = optional(number, 0)
    allocation           = optional(string, "price-capacity-optimized")
  })
  default = null

  validation {
    condition     = var.spot == null ? true : contains(["capacity-optimized", "lowest-price", "price-capacity-optimized"], var.spot.allocation)
    error_message = "The allocation is price-capacity-optimized, capacity-optimized or lowest-price."
  }
}

variable "lifecycle_hooks" {
  description = "Actions that must be done before a machine comes (launching) or goes (terminating), and what happens when they are not (continue or abandon)."
  type = map(object({
    transition      = string
    timeout_seconds = optional(number, 300)
    default         = optional(string, "abandon")
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for hook in var.lifecycle_hooks :
      contains(["launching", "terminating"], hook.transition) && contains(["abandon", "continue"], hook.default) &&
      hook.timeout_seconds >= 30 && hook.timeout_seconds <= 7200
    ])
    error_message = "A hook is for launching or terminating, takes 30 to 7200 seconds, and defaults to abandon or continue."
  }
}

variable "policies" {
  description = "The ARNs of IAM policies of the machines, besides the one that sessions need."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for policy in var.policies : startswith(policy, "arn:aws:iam::")])
    error_message = "A policy is named by its ARN."
  }
}

variable "detailed_monitoring" {
  description = "Metrics of the machines each minute instead of every five."
  type        = bool
  default     = false
  nullable    = false
}

variable "metadata_hops" {
  description = "Hops that the answers of the metadata service may take; 2 lets containers ask."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = contains([1, 2], var.metadata_hops)
    error_message = "The answers take 1 or 2 hops."
  }
}

variable "max_lifetime_seconds" {
  description = "A machine is replaced after this: 1 to 365 days. By default never."
  type        = number
  default     = null

  validation {
    condition     = var.max_lifetime_seconds == null ? true : var.max_lifetime_seconds >= 86400 && var.max_lifetime_seconds <= 31536000
    error_message = "The lifetime is from 1 to 365 days, in seconds."
  }
}

variable "tags" {
  description = "Tags of all resources, of disks and network interfaces too."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:")])
    error_message = "AWS keeps tags that start with `aws:` for itself."
  }
}
