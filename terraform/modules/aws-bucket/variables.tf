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
  description = "Whether to use an S3 Bucket Key, which reduces the cost of KMS."
  type        = bool
  default     = true
}

variable "statements" {
  description = "More statements of the bucket's policy, as a JSON list."
  type        = string
  default     = "[]"
}

variable "days" {
  description = "How many days an object is kept; null to keep it."
  type        = number
  default     = null

  validation {
    condition     = var.days == null || try(var.days >= 1, false)
    error_message = "An object is kept for a day at least."
  }
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
