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
  description = "The repository whose jobs these are, and its ids, which GitHub's API shows. With the ids, a repository that takes over the name gets nothing."
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

variable "builds_images" {
  description = "Whether images are built in this account. If so, the module creates the identity of the machines that build them."
  type        = bool
  default     = false
}

variable "jobs" {
  description = "GitHub's jobs, by the suffix of the role's name. Each has a description, the ends of its tokens' subjects (such as environment:images), a policy document in JSON, and the maximum length of a login in hours."
  type = map(object({
    description = string
    subjects    = list(string)
    policy      = string
    hours       = optional(number, 1)
  }))
  default = {}

  validation {
    condition     = alltrue([for job in var.jobs : length(job.subjects) > 0 && !can(regex("[*?]", join("", job.subjects)))])
    error_message = "Every job must have subjects, without wildcards."
  }

  validation {
    condition     = alltrue(flatten([for job in var.jobs : [for statement in jsondecode(job.policy).Statement : !contains(flatten([try(statement.Action, "*")]), "*")]]))
    error_message = "No statement may allow every action."
  }
}

variable "boundaries" {
  description = "The most that jobs and machines can do, as policy documents in JSON."
  type        = object({ jobs = string, machines = string })
}

variable "operators" {
  description = "What operators may do, by environment, as policy documents in JSON."
  type        = map(string)
  default     = {}
}

variable "repositories" {
  description = "The ARNs of the repositories in Amazon ECR that builds pull containers from."
  type        = list(string)
  default     = []
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
