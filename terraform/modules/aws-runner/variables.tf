variable "network" {
  description = "The network's name, FLEET-NETWORK."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,62}$", var.network))
    error_message = "The name must be 2 to 63 lower-case letters, digits and hyphens."
  }
}

variable "account" {
  description = "The id of the account."
  type        = string
}

variable "region" {
  description = "The network's region."
  type        = string
}

variable "vpc_id" {
  description = "The id of the network's VPC."
  type        = string
}

variable "endpoints_security_group_id" {
  description = "The id of the security group of the network's endpoints."
  type        = string
}

variable "subnet_ids" {
  description = "The ids of the runner's subnets, one per zone."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) > 0
    error_message = "The runner needs a subnet."
  }
}

variable "machines" {
  description = "How many jobs may run at a time."
  type        = number
  default     = 2

  validation {
    condition     = var.machines >= 1 && var.machines <= 10
    error_message = "There must be 1 to 10 machines."
  }
}

variable "machine_type" {
  description = "The machines' type: x86_64, like the tools."
  type        = string
  default     = "m7i.large"
}

variable "image" {
  description = "The vendor's image: who owns it, and its exact name."
  type = object({
    owner = string
    name  = string
  })

  validation {
    condition     = !can(regex("[*?]", var.image.name))
    error_message = "The image must have an exact name, so that every machine starts from the same one."
  }
}

variable "package_sources" {
  description = "Where packages come from: snapshots of the distribution's archives, each with its suites, separated by spaces, and the file with the keys that sign it."
  type = list(object({
    url     = string
    suites  = string
    keyring = string
  }))

  validation {
    condition     = length(var.package_sources) > 0 && alltrue([for source in var.package_sources : startswith(source.url, "https://")])
    error_message = "Packages must come over HTTPS: the proxy lets nothing else pass."
  }
}

variable "proxy" {
  description = "The proxy: its URL and port, the security group of its load balancer, and the hosts, domains and CIDRs that are reached without it."
  type = object({
    url               = string
    port              = number
    security_group_id = string
    exceptions        = list(string)
  })
}

variable "repository" {
  description = "The GitHub repository, OWNER/NAME."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "The repository must be OWNER/NAME."
  }
}

variable "label" {
  description = "The label that jobs name in runs-on."
  type        = string
}

variable "app" {
  description = "The client id of the GitHub App that registers the runner. It needs the repository permission Administration, read and write."
  type        = string
}

variable "app_key" {
  description = "The name of the secret in AWS Secrets Manager with the app's private key."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9/_+=.@-]+$", var.app_key))
    error_message = "The name of a secret has letters, digits and /_+=.@- only."
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

variable "run_as" {
  description = "The user that a session runs as."
  type        = string

  validation {
    condition     = var.run_as != "root" && var.run_as != "runner"
    error_message = "A session must not run as root, nor as the user of jobs."
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

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
