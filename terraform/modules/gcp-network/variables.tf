variable "name" {
  description = "The network's name, FLEET-NETWORK."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,44}$", var.name))
    error_message = "The name must be 2 to 45 lower-case letters, digits and hyphens, to leave room for `-proxy-to-internet`."
  }
}

variable "project" {
  description = "The project's id."
  type        = string
}

variable "region" {
  description = "The network's region."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+(-[a-z]+)*-[a-z]+[0-9]+$", var.region))
    error_message = "The region must be a name such as asia-northeast1."
  }
}

variable "cidr" {
  description = "The addresses of all subnetworks, such as 10.48.0.0/16."
  type        = string
}

variable "subnets" {
  description = "The addresses of the subnetworks `machines`, `proxy` and `proxy-only`, and of `build` where images are built."
  type        = map(string)

  validation {
    condition     = length(setsubtract(["machines", "proxy", "proxy-only"], keys(var.subnets))) == 0 && length(setsubtract(keys(var.subnets), ["machines", "proxy", "proxy-only", "build"])) == 0
    error_message = "The subnets are machines, proxy, proxy-only and, if images are built here, build."
  }
}

variable "peer_cidrs" {
  description = "The addresses of peered networks."
  type        = list(string)
  default     = []
}

variable "proxy_port" {
  description = "The port of the egress proxy."
  type        = number
}

variable "proxy_service_account" {
  description = "The e-mail address of the proxy's service account."
  type        = string
}

variable "build_service_account" {
  description = "The e-mail address of the service account of machines that build images; null where none are built."
  type        = string
  default     = null
}

variable "users" {
  description = "The e-mail addresses of service accounts that may create machines in a subnetwork, by subnetwork. None in the proxy's: its machines reach the internet."
  type        = object({ machines = optional(list(string), []), build = optional(list(string), []) })
  default     = {}
}

variable "zone_name" {
  description = "The private DNS zone of the network, such as gcp-tokyo.example.internal."
  type        = string
}

variable "labels" {
  description = "Labels of everything that has labels."
  type        = map(string)
  default     = {}
}
