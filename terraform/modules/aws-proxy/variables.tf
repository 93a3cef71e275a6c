variable "network" {
  description = "The network's name, FLEET-NETWORK."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,62}$", var.network))
    error_message = "The name must be 2 to 63 lower-case letters, digits and hyphens."
  }
}

variable "host" {
  description = "The proxy's host name, proxy.NETWORK.FLEET.internal."
  type        = string
}

variable "zone_id" {
  description = "The id of the network's private DNS zone."
  type        = string
}

variable "vpc_id" {
  description = "The id of the network's VPC."
  type        = string
}

variable "cidr" {
  description = "The network's addresses, whose machines may use the proxy."
  type        = string
}

variable "subnet_ids" {
  description = "The ids of the proxy's subnets, one per zone."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) > 0
    error_message = "The proxy needs a subnet."
  }
}

variable "port" {
  description = "The port that the proxy listens on."
  type        = number
  default     = 3128
}

variable "machines" {
  description = "How many machines it has."
  type        = number
  default     = 2

  validation {
    condition     = var.machines >= 1 && var.machines <= 4
    error_message = "There must be 1 to 4 machines, at most one per zone."
  }
}

variable "machine_type" {
  description = "The machines' type."
  type        = string
  default     = "t4g.small"
}

variable "disk_gib" {
  description = "The size of a machine's disk in GiB: at least the image's."
  type        = number
  default     = 10
}

variable "image" {
  description = "The machines' image: who owns it, its exact name, and its architecture, x86_64 or arm64."
  type = object({
    owner        = string
    name         = string
    architecture = string
  })

  validation {
    condition     = !can(regex("[*?]", var.image.name))
    error_message = "The image must have an exact name, so that every machine starts from the same one."
  }
}

variable "package_sources" {
  description = "Where squid comes from: snapshots of the distribution's archives, each with its suites, separated by spaces, and the file with the keys that sign it. Default: none; squid is in the image."
  type = list(object({
    url     = string
    suites  = string
    keyring = string
  }))
  default = []

  validation {
    condition     = alltrue([for source in var.package_sources : startswith(source.url, "https://")])
    error_message = "Packages must come over HTTPS: the proxy's machines reach nothing else."
  }
}

variable "squid_conf" {
  description = "Squid's configuration."
  type        = string
}

variable "account" {
  description = "The id of the account."
  type        = string
}

variable "region" {
  description = "The network's region."
  type        = string
}

variable "log_key_alias" {
  description = "The alias, without alias/, of the KMS key that encrypts logs."
  type        = string
}

variable "log_retention_days" {
  description = "How many days the access log is kept."
  type        = number
  default     = 365
}

variable "run_as" {
  description = "The user that a session runs as."
  type        = string

  validation {
    condition     = var.run_as != "root"
    error_message = "A session must not run as root."
  }
}

variable "session_log_group" {
  description = "The CloudWatch log group that sessions are recorded in."
  type        = string
}

variable "session_bucket" {
  description = "The bucket that logs of sessions are kept in."
  type        = string
}

variable "session_key_alias" {
  description = "The alias, without alias/, of the KMS key that encrypts sessions."
  type        = string
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
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
