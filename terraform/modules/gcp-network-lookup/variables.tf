variable "name" {
  description = "The network's name, FLEET-NETWORK."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,52}$", var.name)) || (var.subnetwork != null && can(regex("^[a-z][a-z0-9-]{0,62}$", var.name)))
    error_message = "The name must be 2 to 53 lower-case letters, digits and hyphens, to leave room for `-machines`."
  }
}

variable "subnetwork" {
  description = "The name of the machines' subnetwork in a network that exists already. Default: NAME-machines."
  type        = string
  default     = null
}

variable "project" {
  description = "The project of a network that exists already. Default: the provider's."
  type        = string
  default     = null
}

variable "region" {
  description = "The network's region."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+(-[a-z]+)*-[a-z]+[0-9]+$", var.region))
    error_message = "The region must be a name such as asia-northeast1."
  }
}
