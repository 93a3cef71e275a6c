variable "name" {
  description = "The network's name, FLEET-NETWORK: the tag `Name` of its VPC. Null for a network that exists already."
  type        = string
  default     = null

  validation {
    condition     = var.name == null ? var.vpc_id != null || var.vpc_tags != null : can(regex("^[a-z][a-z0-9-]{1,62}$", var.name))
    error_message = "The name must be 2 to 63 lower-case letters, digits and hyphens; without it, the VPC's id or tags are needed."
  }
}

variable "vpc_id" {
  description = "The id of a VPC that exists already."
  type        = string
  default     = null
}

variable "vpc_tags" {
  description = "Tags that only this VPC has, instead of its id."
  type        = map(string)
  default     = null
}

variable "subnet_ids" {
  description = "The ids of the machines' subnets, in a VPC that exists already."
  type        = list(string)
  default     = null
}

variable "zones" {
  description = "The zones whose subnets are wanted, in a VPC that exists already. Default: all."
  type        = list(string)
  default     = null
}

variable "subnet_tags" {
  description = "Tags that only these subnets of the VPC have, instead of their ids."
  type        = map(string)
  default     = null
}

variable "region" {
  description = "The network's region."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+(-[a-z]+)+-[0-9]$", var.region))
    error_message = "The region must be a name such as ap-northeast-1."
  }
}
