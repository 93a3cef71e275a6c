variable "fleet" {
  description = "The fleet's name, the prefix of every resource's name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,15}$", var.fleet))
    error_message = "The name must be 1 to 16 lower-case letters, digits and hyphens."
  }
}

variable "account" {
  description = "The id of the AWS account."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account))
    error_message = "The account must be 12 digits."
  }
}

variable "github" {
  description = "The repository whose jobs may build, and its ids, which GitHub's API shows. With the ids, a repository that takes over the name gets nothing."
  type = object({
    owner         = string
    name          = string
    owner_id      = optional(string)
    repository_id = optional(string)
  })

  validation {
    condition     = !can(regex("[*?:/]", "${var.github.owner}${var.github.name}"))
    error_message = "The owner and the name must be exact, without wildcards."
  }
}

variable "build_environment" {
  description = "The GitHub environment of the job that builds images."
  type        = string
  default     = "images"

  validation {
    condition     = !can(regex("[*?:/]", var.build_environment))
    error_message = "The environment must be exact, without wildcards."
  }
}

variable "build_policy" {
  description = "What the job that builds images may do, as a policy document in JSON."
  type        = string

  validation {
    condition     = alltrue([for statement in jsondecode(var.build_policy).Statement : !contains(flatten([statement.Action]), "*")])
    error_message = "No statement may allow every action."
  }
}

variable "create_oidc_provider" {
  description = "Whether to create GitHub's OIDC provider. An account has one; set this to false if it exists."
  type        = bool
  default     = true
}

variable "create_service_linked_roles" {
  description = "Whether to create the roles of Auto Scaling and Spot. AWS creates them at their first use; set this to false if they exist."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
}
