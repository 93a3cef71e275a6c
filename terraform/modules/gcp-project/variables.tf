variable "fleet" {
  description = "The fleet's name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,15}$", var.fleet)) && !startswith("${var.fleet}-", "gcp-")
    error_message = "The name must be 1 to 16 lower-case letters, digits and hyphens, and not begin with `gcp-`, which Google keeps for its own identity pools."
  }
}

variable "project" {
  description = "The project's id."
  type        = string
}

variable "github" {
  description = "The repository whose jobs may act here. With both ids, another repository that takes over its name gets nothing."
  type = object({
    owner         = string
    name          = string
    owner_id      = optional(string)
    repository_id = optional(string)
  })
}

variable "jobs" {
  description = "GitHub's jobs: what each is for, the ends of its tokens' subjects, the permissions of its custom role, and predefined roles, each with a condition in CEL if it has one, and with a name if a job has it twice. A job that starts builds acts as the machines that build, and signs."
  type = map(object({
    description   = string
    subjects      = list(string)
    permissions   = optional(list(string), [])
    roles         = optional(list(object({ role = string, condition = optional(string), name = optional(string) })), [])
    starts_builds = optional(bool, false)
  }))

  validation {
    condition     = alltrue(flatten([for job in var.jobs : [for grant in job.roles : !contains(["roles/owner", "roles/editor", "roles/viewer"], grant.role)]]))
    error_message = "Primitive roles allow far more than any job does."
  }

  validation {
    condition     = alltrue(flatten([for job in var.jobs : [for subject in job.subjects : can(regex("^(pull_request|environment:[a-z0-9-]+)$", subject))]]))
    error_message = "A subject ends in `pull_request` or `environment:NAME`: a branch is no protection."
  }
}

variable "builds_images" {
  description = "Whether images are built in this project."
  type        = bool
  default     = false
}

variable "machines" {
  description = "The service accounts of groups' machines, by their ids: what each is for, its roles in the project besides those for logs and metrics, the ids of secrets that it reads, and the jobs that create its machines."
  type = map(object({
    description = string
    roles       = optional(list(string), [])
    secrets     = optional(list(string), [])
    jobs        = list(string)
  }))
  default = {}

  validation {
    condition     = alltrue(flatten([for machine in var.machines : [for role in machine.roles : !contains(["roles/editor", "roles/owner", "roles/viewer"], role)]]))
    error_message = "A machine must not be an owner, editor or viewer of its project."
  }
}

variable "image_users" {
  description = "Who else starts machines from the images of this project, as IAM names them: jobs of other projects."
  type        = list(string)
  default     = []
}

variable "image_projects" {
  description = "The ids of other projects that run the images built here."
  type        = list(string)
  default     = []
}

variable "key_ring" {
  description = "The name of the key rings to create, one in each location that has a key."
  type        = string
  default     = "fleet"
}

variable "disk_key" {
  description = "The key for disks and images to create; null for none."
  type        = object({ name = string, location = string })
  default     = null
}

variable "signing_key" {
  description = "The key that signs what goes into images, to create; null for none."
  type        = object({ name = string, location = string })
  default     = null
}

variable "repositories" {
  description = "Repositories of containers to create in Artifact Registry, and where; machines that build images and those of groups pull from them. Null for none."
  type        = object({ names = list(string), location = string })
  default     = null
}

variable "repository_readers" {
  description = "Who else pulls from the repositories, as IAM names them: machines of other projects."
  type        = list(string)
  default     = []
}

variable "buckets" {
  description = "Buckets to create: the location of each, by name."
  type        = map(string)
  default     = {}
}

variable "members" {
  description = "Who may open sessions on machines, such as group:platform@example.com."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for member in var.members : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):.+$", member))])
    error_message = "A member has a kind, such as group:platform@example.com, and is neither allUsers nor allAuthenticatedUsers."
  }
}

variable "apis" {
  description = "The APIs that the fleet uses, without .googleapis.com."
  type        = list(string)
  default = [
    "artifactregistry", "cloudkms", "cloudresourcemanager", "compute", "dns", "iam", "iamcredentials", "iap", "logging", "monitoring", "oslogin",
    "secretmanager", "serviceusage", "storage", "sts",
  ]
}

variable "log_retention_days" {
  description = "How many days logs of sessions and other access are kept."
  type        = number
  default     = 365
}

variable "labels" {
  description = "Labels of everything that has labels."
  type        = map(string)
  default     = {}
}
