variable "squid_conf" {
  description = "Squid's configuration."
  type        = string
}

variable "package_sources" {
  description = "Where squid comes from: snapshots of the distribution's archives, each with its suites, separated by spaces, and the file with the keys that sign it. Default: none; squid is in the image."
  type = list(object({
    url     = string
    suites  = string
    keyring = string
  }))
  default = []

  validation {
    condition     = alltrue([for source in var.package_sources : startswith(source.url, "https://")])
    error_message = "Packages must come over HTTPS: the proxy's machines reach nothing else."
  }
}

variable "run_as" {
  description = "A user to create, whom sessions run as. Null where the cloud creates users."
  type        = string
  default     = null

  validation {
    condition     = var.run_as != "root"
    error_message = "A session must not run as root."
  }
}

variable "files" {
  description = "Other files, as cloud-init's write_files takes them."
  type        = list(map(string))
  default     = []
}

variable "commands" {
  description = "Shell commands that run last, when squid runs."
  type        = list(string)
  default     = []
}
