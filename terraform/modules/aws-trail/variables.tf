variable "name" {
  description = "The trail's name, and the alias of its key."
  type        = string
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
  description = "The region of the bucket. The trail covers every region."
  type        = string
}

variable "bucket" {
  description = "The name of the bucket to create, which is unique in all of AWS."
  type        = string
}

variable "days" {
  description = "How many days the trail is kept."
  type        = number
  default     = 400
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
