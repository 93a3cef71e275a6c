variable "name" {
  description = "The network's name, FLEET-NETWORK."
  type        = string
}

variable "vpc_id" {
  description = "The id of the network's VPC."
  type        = string
}

variable "route_table_id" {
  description = "The id of the route table of the network's machines and builds."
  type        = string
}

variable "cidr" {
  description = "The network's addresses."
  type        = string
}

variable "peer" {
  description = "The other network, in the same account: its name, FLEET-NETWORK, by which its VPC is found, its region and its addresses."
  type = object({
    name   = string
    region = string
    cidr   = string
  })

  validation {
    condition     = can(cidrnetmask(var.peer.cidr)) && var.peer.cidr != var.cidr
    error_message = "The peer must have other addresses than the network."
  }
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
