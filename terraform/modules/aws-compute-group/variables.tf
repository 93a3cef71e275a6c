variable "name" {
  description = "The name of the group and of everything that belongs to it: FLEET-ENVIRONMENT-GROUP."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,62}[a-z0-9]$", var.name))
    error_message = "The name must be 2 to 64 lower-case letters, digits and hyphens, because AWS limits a role's name to 64."
  }
}

variable "description" {
  description = "What the group is for. Shown on the first version of the launch template."
  type        = string

  validation {
    condition     = length(var.description) >= 1 && length(var.description) <= 255
    error_message = "The description must have 1 to 255 characters."
  }
}

variable "network" {
  description = "The network: the outputs of the module aws-network-lookup."
  type = object({
    vpc_id            = string
    subnet_ids        = list(string)
    s3_prefix_list_id = string
  })

  validation {
    condition     = length(var.network.subnet_ids) >= 1
    error_message = "The network must have at least one subnet for machines."
  }
}

variable "bootstrap_image" {
  description = "The image that a new group starts with: its owner's account, exact name and architecture. After that, the rollout owns the image. Every plan looks up this image, so it must exist."
  type = object({
    owner        = string
    name         = string
    architecture = string
  })

  validation {
    condition     = contains(["arm64", "x86_64"], var.bootstrap_image.architecture)
    error_message = "The architecture must be arm64 or x86_64."
  }

  validation {
    condition     = !strcontains(var.bootstrap_image.name, "*")
    error_message = "The image's name must be exact: a wildcard would match new images."
  }
}

variable "hold_replacements" {
  description = "Whether AWS leaves unhealthy machines alone: for a new group on a vendor's image, until an image is promoted to its environment."
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

variable "session_log_group" {
  description = "The name of the log group that sessions on the machines are recorded in."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9_/.-]{1,512}$", var.session_log_group))
    error_message = "This must be the name of a log group, such as /example/sessions."
  }
}

variable "session_bucket" {
  description = "The bucket that logs of sessions are kept in."
  type        = string
}

variable "session_key_alias" {
  description = "The alias, without `alias/`, of the KMS key that sessions are encrypted with."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9/_-]{1,250}$", var.session_key_alias))
    error_message = "This must be an alias without `alias/`, such as example-sessions."
  }
}

variable "machine_type" {
  description = "The instance type."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*[.][a-z0-9-]+$", var.machine_type))
    error_message = "The instance type must be a family and a size, such as m7g.large."
  }
}

variable "other_machine_types" {
  description = "Alternative instance types of the same architecture, in order of preference."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for type in var.other_machine_types : can(regex("^[a-z][a-z0-9-]*[.][a-z0-9-]+$", type))])
    error_message = "Each instance type must be a family and a size, such as m7g.large."
  }
}

variable "size" {
  description = "The number of machines. Changing `desired` has no effect on an existing group, because autoscaling owns it."
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

variable "zones" {
  description = "The zones of the network that the machines run in. Default: all."
  type        = list(string)
  default     = null

  validation {
    condition     = var.zones == null ? true : length(var.zones) > 0
    error_message = "There must be at least one zone."
  }
}

variable "disk" {
  description = "The boot disk, always encrypted: size in GiB, type (gp3 or io2), IOPS, throughput in MiB/s (gp3 only), and the alias or ARN of a KMS key, also for data disks. Default key: the account's EBS key."
  type = object({
    size_gib   = number
    type       = optional(string, "gp3")
    iops       = optional(number, 3000)
    throughput = optional(number)
    kms_key    = optional(string)
  })

  validation {
    condition     = var.disk.size_gib >= 1 && var.disk.size_gib <= 65536
    error_message = "The size must be 1 to 65536 GiB."
  }

  validation {
    condition     = var.disk.type == "io2" ? var.disk.iops >= 100 && var.disk.iops <= 256000 && var.disk.throughput == null : var.disk.type == "gp3" && var.disk.iops >= 3000 && var.disk.iops <= 80000 && coalesce(var.disk.throughput, 125) <= 2000
    error_message = "A gp3 volume supports 3000 to 80000 IOPS and 125 to 2000 MiB/s, an io2 volume 100 to 256000 IOPS and no throughput."
  }

  validation {
    condition     = var.disk.iops <= (var.disk.type == "io2" ? 1000 : 500) * var.disk.size_gib && coalesce(var.disk.throughput, 0) * 4 <= var.disk.iops
    error_message = "A gp3 volume supports at most 500 IOPS per GiB, an io2 volume 1000, and 1 MiB/s needs 4 IOPS."
  }

  validation {
    condition     = var.disk.kms_key == null ? true : startswith(var.disk.kms_key, "alias/") || startswith(var.disk.kms_key, "arn:aws:kms:")
    error_message = "The KMS key must be an alias, such as alias/NAME, or an ARN."
  }
}

variable "data_disks" {
  description = "Disks for data, by name, always encrypted: size in GiB, type, IOPS and throughput as for the boot disk, and where they are mounted, with which file system (ext4 or xfs) and owner. They come and go with the machine."
  type = map(object({
    size_gib   = number
    type       = optional(string, "gp3")
    iops       = optional(number, 3000)
    throughput = optional(number)
    mount      = string
    filesystem = optional(string, "ext4")
    owner      = optional(string, "root")
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(var.data_disks) <= 11 && alltrue([for disk in var.data_disks : contains(["gp3", "io2"], disk.type)])
    error_message = "There may be at most 11 data disks, of the types gp3 and io2."
  }
}

variable "instance_store" {
  description = "Where the disks inside the host are mounted, with which file system and owner. Default: nowhere."
  type = object({
    mount      = string
    filesystem = optional(string, "ext4")
    owner      = optional(string, "root")
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

variable "egress_cidrs" {
  description = "The CIDRs that the machines may reach. They reach the internet only through a proxy in one of these."
  type        = list(string)

  validation {
    condition     = alltrue([for cidr in var.egress_cidrs : can(cidrnetmask(cidr)) && cidr != "0.0.0.0/0"])
    error_message = "Each must be an IPv4 CIDR, and not 0.0.0.0/0."
  }
}

variable "egress" {
  description = "What the machines may connect to besides `egress_cidrs`: the name of a destination, its CIDRs, the protocol, and the port or the first and the last of a range."
  type = list(object({
    to       = string
    port     = number
    to_port  = optional(number)
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
  description = "The open ports, or the first and the last of a range, and the CIDRs and security groups they are open to."
  type = list(object({
    port            = number
    to_port         = optional(number)
    protocol        = string
    cidrs           = list(string)
    security_groups = optional(list(string), [])
    description     = optional(string)
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for port in var.ports : port.port >= 1 && port.port <= 65535 && contains(["tcp", "udp"], port.protocol)])
    error_message = "A port must be 1 to 65535, with the protocol tcp or udp."
  }

  validation {
    condition     = alltrue(flatten([for port in var.ports : [for cidr in port.cidrs : can(cidrnetmask(cidr))]]))
    error_message = "Ports may be opened only to IPv4 CIDRs."
  }
}

variable "backends" {
  description = "What load balancers send traffic to, by name; `main` is the one whose requests are counted. Each has the load balancer's ARN and security group, the machines' port and protocol (HTTP, HTTPS, TCP, TLS, UDP or TCP_UDP), how long a machine that leaves may finish its requests, the port and certificate of a listener of the group's own, and whether machines see the clients' addresses (null for AWS's default)."
  type = map(object({
    arn            = string
    security_group = string
    port           = number
    protocol       = string
    drain_seconds  = optional(number, 60)
    listener_port  = optional(number)
    certificate    = optional(string)

    preserve_client_ip = optional(bool)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for backend in var.backends : contains(["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP"], backend.protocol)])
    error_message = "The protocol must be HTTP, HTTPS, TCP, TLS, UDP or TCP_UDP."
  }

  validation {
    condition     = alltrue([for key in keys(var.backends) : length(key == "main" ? var.name : "${var.name}-${key}") <= 32])
    error_message = "The name of a target group, which is the group's, with the backend's unless that is main, must have at most 32 characters."
  }

  validation {
    condition     = length(var.backends) == 0 || var.health != null
    error_message = "A group behind a load balancer needs `health`."
  }

  validation {
    condition     = alltrue([for backend in var.backends : backend.certificate != null || backend.protocol != "TLS" || backend.listener_port == null])
    error_message = "A listener for TLS needs a certificate."
  }
}

variable "health" {
  description = "The health check of the load balancer."
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
    condition     = var.health == null ? true : var.health.timeout_seconds < var.health.interval_seconds
    error_message = "The timeout must be shorter than the interval."
  }
}

variable "scaling" {
  description = "Autoscaling: target values, a queue in SQS with the messages that may wait for each machine, and sizes on a schedule."
  type = object({
    cpu_percent          = optional(number)
    requests_per_machine = optional(number)
    queue = optional(object({
      name                 = string
      messages_per_machine = number
    }))
    schedules = optional(map(object({
      cron      = string
      time_zone = optional(string, "UTC")
      machines  = number
    })), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.scaling.requests_per_machine == null ? true : contains(keys(var.backends), "main")
    error_message = "Scaling on requests needs a load balancer."
  }

  validation {
    condition     = alltrue([for schedule in var.scaling.schedules : schedule.machines >= var.size.min && schedule.machines <= var.size.max])
    error_message = "A schedule's sizes must be within the size of the group."
  }
}

variable "warmup_seconds" {
  description = "How many seconds a new machine takes until it does its share of the work."
  type        = number
  default     = 120
  nullable    = false

  validation {
    condition     = var.warmup_seconds >= 0 && var.warmup_seconds <= 3600
    error_message = "The warm-up must be at most one hour."
  }
}

variable "maintenance" {
  description = "How many machines stay in service during a replacement, in percent of the desired size."
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
    error_message = "The minimum must be 0 to 100, the maximum 100 to 200, and they must be at most 100 apart."
  }

  validation {
    condition     = var.maintenance.max_healthy_percentage > var.maintenance.min_healthy_percentage
    error_message = "With a minimum and a maximum of 100, no machine could be replaced."
  }
}

variable "spot" {
  description = "Spot: the number of machines that are always On-Demand, the On-Demand percentage of the others, and how AWS chooses Spot capacity."
  type = object({
    on_demand_base       = optional(number, 0)
    on_demand_percentage = optional(number, 0)
    allocation           = optional(string, "price-capacity-optimized")
  })
  default = null

  validation {
    condition     = var.spot == null ? true : contains(["capacity-optimized", "lowest-price", "price-capacity-optimized"], var.spot.allocation)
    error_message = "The allocation must be price-capacity-optimized, capacity-optimized or lowest-price."
  }
}

variable "lifecycle_hooks" {
  description = "Lifecycle hooks: what waits for an action before a machine enters (launching) or leaves (terminating), and what happens if the action does not finish in time (continue or abandon). A program on the machine must complete the action; its role may."
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
    error_message = "A hook must be for launching or terminating, have a timeout of 30 to 7200 seconds, and default to abandon or continue."
  }
}

variable "policies" {
  description = "The ARNs of the machines' IAM policies, besides the one for sessions."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for policy in var.policies : startswith(policy, "arn:aws:iam::")])
    error_message = "Each policy must be an ARN."
  }
}

variable "repositories" {
  description = "The ARNs of the repositories in Amazon ECR that the machines' containers come from."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "detailed_monitoring" {
  description = "Report metrics every minute instead of every five."
  type        = bool
  default     = false
  nullable    = false
}

variable "metadata_hops" {
  description = "The hop limit of the metadata service. Containers need 2."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = contains([1, 2], var.metadata_hops)
    error_message = "The number of hops must be 1 or 2."
  }
}

variable "max_lifetime_seconds" {
  description = "Replace each machine after this many seconds, from 1 to 365 days. Default: never."
  type        = number
  default     = null

  validation {
    condition     = var.max_lifetime_seconds == null ? true : var.max_lifetime_seconds >= 86400 && var.max_lifetime_seconds <= 31536000
    error_message = "The lifetime must be 1 to 365 days, in seconds."
  }
}

variable "image_parameter" {
  description = "The name of the parameter in Systems Manager with the id of the group's image; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.image_parameter == null || can(regex("^/[a-zA-Z0-9_.-]+(/[a-zA-Z0-9_.-]+)*$", var.image_parameter))
    error_message = "The name must be a path, such as /example/prod/web/image."
  }
}

variable "identity" {
  description = "The path of the role and the instance profile in IAM, such as /example/prod/, and the ARN of the role's permissions boundary; null for none."
  type        = object({ path = optional(string, "/"), boundary = optional(string) })
  default     = {}

  validation {
    condition     = can(regex("^/([!-~]+/)?$", var.identity.path))
    error_message = "The path must begin and end with a slash."
  }
}

variable "tags" {
  description = "Tags for all resources, including disks and network interfaces."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:")])
    error_message = "Tags must not start with `aws:`, which AWS reserves."
  }
}
