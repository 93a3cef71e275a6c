variable "network_name" {
  description = "The network's name, FLEET-NETWORK."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,23}$", var.network_name))
    error_message = "The name must be 2 to 24 lower-case letters, digits and hyphens, as `-proxy` follows in the name of a service account, which has at most 30."
  }
}

variable "project" {
  description = "The project's id."
  type        = string
}

variable "region" {
  description = "The network's region."
  type        = string
}

variable "zones" {
  description = "The zones of the machines."
  type        = list(string)

  validation {
    condition     = length(var.zones) > 0
    error_message = "There must be a zone."
  }
}

variable "network" {
  description = "The network's id."
  type        = string
}

variable "subnetwork" {
  description = "The id of the proxy's subnetwork."
  type        = string
}

variable "tag" {
  description = "The network tag of machines with a route to the internet."
  type        = string
}

variable "host" {
  description = "The proxy's host name, such as proxy.gcp-tokyo.example.internal."
  type        = string
}

variable "zone_name" {
  description = "The name of the managed zone in Cloud DNS that the host name belongs to."
  type        = string
}

variable "port" {
  description = "The port of the proxy."
  type        = number
  default     = 3128
}

variable "machines" {
  description = "How many machines there are."
  type        = number

  validation {
    condition     = var.machines > 0
    error_message = "There must be a machine."
  }
}

variable "machine_type" {
  description = "The machine type."
  type        = string
  default     = "e2-small"
}

variable "disk_gib" {
  description = "The size of a machine's disk in GiB: at least the image's."
  type        = number
  default     = 10
}

variable "disk_type" {
  description = "The type of a machine's disk."
  type        = string
  default     = "pd-balanced"
}

variable "kms_key" {
  description = "The Cloud KMS key that encrypts the disks. Null for a key of Google's."
  type        = string
  default     = null
}

variable "image" {
  description = "The machines' image, such as projects/ubuntu-os-cloud/global/images/ubuntu-2404-noble-amd64-v20261101."
  type        = string

  validation {
    condition     = can(regex("^projects/[^/]+/global/images/[^/]+$", var.image))
    error_message = "The image must be projects/PROJECT/global/images/NAME, and no family, so that every machine starts from the same one."
  }
}

variable "package_sources" {
  description = "Where squid comes from, as proxy-user-data takes it. Default: none; squid is in the image."
  type = list(object({
    url     = string
    suites  = string
    keyring = string
  }))
  default = []
}

variable "squid_conf" {
  description = "Squid's configuration."
  type        = string
}

variable "labels" {
  description = "Labels of everything that has labels."
  type        = map(string)
  default     = {}
}
