variable "name" {
  description = "The network's name: fleet and network."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,52}$", var.name))
    error_message = "The name has 2 to 53 lower-case letters, digits and hyphens: with `-machines` that makes 62."
  }
}

variable "region" {
  description = "The network's region."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+(-[a-z]+)*-[a-z]+[0-9]+$", var.region))
    error_message = "A region is such as asia-northeast1."
  }
}
