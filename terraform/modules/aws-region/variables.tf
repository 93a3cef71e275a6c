variable "fleet" {
  description = "The fleet's name, the prefix of every resource's name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,15}$", var.fleet))
    error_message = "The name must be 1 to 16 lower-case letters, digits and hyphens."
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

variable "region" {
  description = "The region."
  type        = string
}

variable "disk_key_alias" {
  description = "The alias, without alias/, of the key to create for disks and images; null if disks have another key."
  type        = string
  default     = null
}

variable "image_accounts" {
  description = "The ids of other accounts that run images encrypted with the key of disks. Their service-linked roles for Auto Scaling and Spot must exist."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for account in var.image_accounts : can(regex("^[0-9]{12}$", account))])
    error_message = "Every account must be 12 digits."
  }
}

variable "signing_key_alias" {
  description = "The alias, without alias/, of the signing key to create in this region; null for none."
  type        = string
  default     = null
}

variable "image_providers" {
  description = "The owners of images that machines in this region may start from: account ids, or names such as amazon; null for any."
  type        = set(string)
  default     = null
}

variable "session_bucket" {
  description = "The name of the bucket to create for logs of sessions, which is unique in all of AWS."
  type        = string
}

variable "run_as" {
  description = "The user that a session runs as."
  type        = string

  validation {
    condition     = var.run_as != "root"
    error_message = "A session must not run as root."
  }
}

variable "idle_minutes" {
  description = "How long a session may be idle, in minutes."
  type        = number
  default     = 20

  validation {
    condition     = var.idle_minutes >= 1 && var.idle_minutes <= 60
    error_message = "Session Manager allows 1 to 60 minutes."
  }
}

variable "max_minutes" {
  description = "How long a session may last, in minutes."
  type        = number
  default     = 480

  validation {
    condition     = var.max_minutes >= 1 && var.max_minutes <= 1440
    error_message = "Session Manager allows 1 to 1440 minutes."
  }
}

variable "log_retention_days" {
  description = "How many days logs of sessions are kept. CloudWatch takes only certain numbers."
  type        = number
  default     = 365
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
