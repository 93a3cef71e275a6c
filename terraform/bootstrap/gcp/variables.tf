variable "project" {
  description = "The project's id: clouds.gcp.project in fleet.yaml."
  type        = string
}

variable "location" {
  description = "The bucket's region, such as asia-northeast1."
  type        = string
}

variable "bucket" {
  description = "The bucket's name: clouds.gcp.state_bucket in fleet.yaml."
  type        = string
}

variable "labels" {
  description = "Labels of the bucket."
  type        = map(string)
  default     = {}
}
