# The bucket with Terraform's state, once per project. It comes before every other root, so its own state starts on the disk of
# whoever applies it and then moves into the bucket: docs/bootstrap.md.

terraform {
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.45"
    }
  }
}

provider "google" {
  project = var.project
  region  = var.location
}

# The first one of a project. Everything after it enables what it needs itself.
resource "google_project_service" "this" {
  for_each = toset(["cloudresourcemanager", "serviceusage", "storage"])

  service            = "${each.value}.googleapis.com"
  disable_on_destroy = false
}

module "bucket" {
  source = "../../modules/gcp-bucket"

  name     = var.bucket
  project  = var.project
  location = var.location
  # A state that was lost or damaged can be restored for a year.
  old_version_days = 365
  labels           = var.labels

  depends_on = [google_project_service.this]
}
