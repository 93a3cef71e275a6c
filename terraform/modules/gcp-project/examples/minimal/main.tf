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
  project = "example-fleet"
  region  = "asia-northeast1"
}

module "project" {
  source = "../.."

  fleet   = "example"
  project = "example-fleet"
  github  = { owner = "example", name = "fleet", owner_id = "1", repository_id = "2" }
  jobs = {
    plan = {
      description = "plans every root"
      subjects    = ["pull_request"]
      permissions = ["compute.networks.get"]
      roles = [{
        role      = "roles/storage.objectViewer"
        condition = "resource.name.startsWith('projects/_/buckets/example-fleet-terraform-gcp')"
      }]
    }
  }
  members = ["group:platform@example.com"]
}
