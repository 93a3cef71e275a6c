variable "name" {
  description = "The network's name, FLEET-NETWORK: the tag `Name` of its VPC."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,62}$", var.name))
    error_message = "The name must be 2 to 63 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  description = "The network's region."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+(-[a-z]+)+-[0-9]$", var.region))
    error_message = "The region must be a name such as ap-northeast-1."
  }
}
