variable "name" {
  description = "The network's name, FLEET-NETWORK: the tag `Name` of its VPC, and the prefix of its other resources."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,62}$", var.name))
    error_message = "The name must be 2 to 63 lower-case letters, digits and hyphens."
  }
}

variable "account" {
  description = "The id of the AWS account."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account))
    error_message = "The account must be 12 digits."
  }
}

variable "job_accounts" {
  description = "The ids of other accounts whose roles GitHub's jobs use on the network's runner."
  type        = list(string)
  default     = []
}

variable "region" {
  description = "The network's region."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+(-[a-z]+)+-[0-9]$", var.region))
    error_message = "The region must be a name such as ap-northeast-1."
  }
}

variable "cidr" {
  description = "The addresses of the VPC."
  type        = string

  validation {
    condition     = can(cidrnetmask(var.cidr))
    error_message = "The addresses must be an IPv4 range such as 10.16.0.0/16."
  }
}

variable "zone_name" {
  description = "The private DNS zone, NETWORK.FLEET.internal."
  type        = string

  validation {
    condition     = endswith(var.zone_name, ".internal")
    error_message = "The zone must end with .internal, which no public zone does."
  }
}

variable "subnets" {
  description = "The subnets, by TIER-ZONE. The tier is machines, build, proxy, runner, or edge, for public load balancers."
  type = map(object({
    tier = string
    zone = string
    cidr = string
  }))

  validation {
    condition     = alltrue([for subnet in values(var.subnets) : contains(["machines", "build", "proxy", "edge", "runner"], subnet.tier)])
    error_message = "The tier must be machines, build, proxy, runner or edge."
  }

  validation {
    condition     = alltrue([for key, subnet in var.subnets : key == "${subnet.tier}-${subnet.zone}"])
    error_message = "The key of a subnet must be its tier and zone, such as machines-ap-northeast-1a."
  }

  validation {
    condition     = length([for subnet in values(var.subnets) : subnet if subnet.tier == "machines"]) > 0 && length([for subnet in values(var.subnets) : subnet if subnet.tier == "proxy"]) > 0
    error_message = "There must be subnets for machines and for the proxy."
  }
}

variable "endpoints" {
  description = "The AWS services with an interface endpoint, such as ecr.api, besides those of sessions."
  type        = set(string)
  default     = []
}

variable "buckets" {
  description = "The account's buckets, in this region, that machines and builds read and write. The S3 endpoint refuses all others."
  type        = set(string)
  default     = []
}

variable "peer_cidrs" {
  description = "The addresses of the networks that this one is peered with."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.peer_cidrs) < 19
    error_message = "There may be at most 18 peers: AWS allows 20 rules in a network ACL."
  }
}

variable "destinations" {
  description = "Addresses outside the fleet, by name: their CIDRs, and what leads there: a transit gateway (tgw-…), a virtual private gateway (vgw-…) or a peering connection (pcx-…), attached to the VPC. Null if others add the routes. `domains` are names that the resolver answers as well."
  type = map(object({
    cidrs   = list(string)
    gateway = optional(string)
    domains = optional(list(string), [])
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for destination in var.destinations : destination.gateway == null ? true : can(regex("^(tgw|vgw|pcx)-", destination.gateway))])
    error_message = "A gateway must be a transit gateway, a virtual private gateway or a peering connection."
  }

  validation {
    condition     = length(distinct(flatten([for destination in var.destinations : destination.cidrs]))) + length(var.peer_cidrs) < 15
    error_message = "There may be at most 14 CIDRs of destinations and peers: AWS allows 20 rules in a network ACL."
  }
}

variable "edge_udp_ports" {
  description = "The UDP ports of public load balancers that the internet may send packets to."
  type        = list(number)
  default     = []
}

variable "udp_ports" {
  description = "The UDP ports of machines that public load balancers pass packets on to, with the addresses of clients."
  type        = list(number)
  default     = []

  validation {
    condition     = length(var.udp_ports) < 4
    error_message = "There may be at most 3 ports: AWS allows 20 rules in a network ACL."
  }
}

variable "proxy_port" {
  description = "The port of the egress proxy."
  type        = number
  default     = 3128
}

variable "edge_ports" {
  description = "The ports of public load balancers that the internet may connect to."
  type        = list(number)
  default     = [80, 443]

  validation {
    condition     = length(var.edge_ports) < 19 && alltrue([for port in var.edge_ports : !contains([20, 21, 22, 23, 3389], port)])
    error_message = "There may be at most 18 ports, and none of remote administration (20 to 23, 3389)."
  }
}

variable "domains" {
  description = "The domains that the proxy allows; with a leading dot, their subdomains as well. The resolver answers no others."
  type        = list(string)
  default     = []
}

variable "log_retention_days" {
  description = "How many days flow logs are kept. CloudWatch takes only certain numbers."
  type        = number
  default     = 365
}

variable "log_key_alias" {
  description = "The alias, without alias/, of the KMS key that encrypts logs. It must allow CloudWatch Logs to use it."
  type        = string
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
