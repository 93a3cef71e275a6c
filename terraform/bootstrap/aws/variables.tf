variable "account" {
  description = "The id of the AWS account: `clouds.aws.account` in fleet.yaml."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account))
    error_message = "The account must be 12 digits."
  }
}

variable "region" {
  description = "The bucket's region: `clouds.aws.state_region` in fleet.yaml."
  type        = string
}

variable "bucket" {
  description = "The bucket's name: `clouds.aws.state_bucket` in fleet.yaml."
  type        = string
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
