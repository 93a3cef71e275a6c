variable "names" {
  description = "The names of the repositories, such as example/vision."
  type        = set(string)

  validation {
    condition     = alltrue([for name in var.names : can(regex("^([a-z0-9]+([._-][a-z0-9]+)*/)*[a-z0-9]+([._-][a-z0-9]+)*$", name))])
    error_message = "A name has lower-case letters, digits, `.`, `_`, `-` and `/`, such as example/vision."
  }
}

variable "region" {
  description = "The region of the repositories: the one in which images are built."
  type        = string
}

variable "tags" {
  description = "Tags of every repository."
  type        = map(string)
  default     = {}
}
