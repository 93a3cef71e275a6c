variable "name" {
  description = "The bucket's name."
  type        = string
}

variable "project" {
  description = "The project's id."
  type        = string
}

variable "location" {
  description = "The region, such as asia-northeast1."
  type        = string
}

variable "kms_key" {
  description = "The Cloud KMS key that encrypts objects. Null for a key of Google's."
  type        = string
  default     = null
}

variable "old_version_days" {
  description = "After how many days a version that was replaced is deleted."
  type        = number
  default     = 90

  validation {
    condition     = var.old_version_days > 0
    error_message = "Keep old versions for a day at least."
  }
}

variable "labels" {
  description = "Labels of the bucket."
  type        = map(string)
  default     = {}
}
