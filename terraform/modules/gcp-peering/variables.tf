variable "name" {
  description = "The network's name, FLEET-NETWORK."
  type        = string
}

variable "project" {
  description = "The project's id."
  type        = string
}

variable "network" {
  description = "The network's self link or id."
  type        = string
}

variable "peer" {
  description = "The other network, which exists."
  type        = object({ name = string })
}
