variable "name" {
  description = "The bucket's name, which is unique in all of AWS."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.name))
    error_message = "The name must be 3 to 63 lower-case letters, digits, dots and hyphens."
  }
}

variable "region" {
  description = "The bucket's region."
  type        = string
}

variable "kms_key_arn" {
  description = "The ARN of the KMS key that encrypts objects. Without one, the account's own S3 key does."
  type        = string
  default     = null
}

variable "bucket_key" {
  description = "Whether S3 uses one key of its own for many objects, which costs less."
  type        = bool
  default     = true
}

variable "statements" {
  description = "More statements of the bucket's policy, as a JSON list."
  type        = string
  default     = "[]"
}

variable "days" {
  description = "How many days an object is kept; null for ever."
  type        = number
  default     = null
}

variable "old_version_days" {
  description = "How many days an object is kept after it was overwritten or deleted."
  type        = number
  default     = 90
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
