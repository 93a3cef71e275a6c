# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.

terraform {
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 7.45"
    }
  }

  backend "gcs" {
    bucket = "example-fleet-terraform-gcp"
    prefix = "example/_accounts/gcp"
  }
}

provider "google" {
  project = "example-fleet"
  region  = "asia-northeast1"
}

locals {
  labels = {
    "cost-center" = "cc-1042"
    "fleet"       = "example"
    "team"        = "platform"
  }
}

module "project" {
  source = "../../../../terraform/modules/gcp-project"

  fleet   = "example"
  project = "example-fleet"
  github = {
    owner         = "example"
    name          = "fleet"
    owner_id      = "123456"
    repository_id = "456789"
  }
  jobs = {
    "plan" = merge(jsondecode(file("${path.module}/roles/plan.json")), {
      description = "plans every root"
      subjects    = ["pull_request", "environment:drift"]
    })
    "build-runner" = merge(jsondecode(file("${path.module}/roles/build-runner.json")), {
      description   = "builds images"
      subjects      = ["environment:images"]
      starts_builds = true
    })
    "sweep" = merge(jsondecode(file("${path.module}/roles/sweep.json")), {
      description = "removes what builds left behind"
      subjects    = ["environment:sweep"]
    })
    "apply-stg" = merge(jsondecode(file("${path.module}/roles/apply-stg.json")), {
      description = "applies the groups of stg"
      subjects    = ["environment:apply-stg"]
    })
    "rollout-stg" = merge(jsondecode(file("${path.module}/roles/rollout-stg.json")), {
      description = "rolls images out to stg"
      subjects    = ["environment:rollout-stg"]
    })
    "apply-prod" = merge(jsondecode(file("${path.module}/roles/apply-prod.json")), {
      description = "applies the groups of prod"
      subjects    = ["environment:apply-prod"]
    })
    "rollout-prod" = merge(jsondecode(file("${path.module}/roles/rollout-prod.json")), {
      description = "rolls images out to prod"
      subjects    = ["environment:rollout-prod"]
    })
  }
  builds_images = true
  key_ring      = { name = "fleet", location = "asia-northeast1" }
  disk_key      = "disks"
  signing_key   = "image-signing"
  buckets = {
    "example-fleet-artifacts-gcp" = "asia-northeast1"
  }
  members            = ["group:platform@example.com"]
  log_retention_days = 365
  labels             = local.labels
}
