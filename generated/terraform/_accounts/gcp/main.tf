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

  # Google wants to know which project pays for calls about policies.
  user_project_override = true
  billing_project       = "example-fleet"
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
  # Who the machines of groups are. A new group needs this root first.
  machines = {
    "example-prod-admin-gcp" = {
      description = "Machines of example-prod-admin-gcp"
      jobs        = ["apply-prod", "rollout-prod"]
    }
    "example-prod-api-gcp" = {
      description = "Machines of example-prod-api-gcp"
      roles       = ["roles/datastore.user"]
      jobs        = ["apply-prod", "rollout-prod"]
    }
    "example-prod-feed-gcp" = {
      description = "Machines of example-prod-feed-gcp"
      jobs        = ["apply-prod", "rollout-prod"]
    }
    "example-prod-index-gcp" = {
      description = "Machines of example-prod-index-gcp"
      jobs        = ["apply-prod", "rollout-prod"]
    }
    "example-prod-report-gcp" = {
      description = "Machines of example-prod-report-gcp"
      jobs        = ["apply-prod", "rollout-prod"]
    }
    "example-prod-search-gcp" = {
      description = "Machines of example-prod-search-gcp"
      jobs        = ["apply-prod", "rollout-prod"]
    }
    "example-prod-train-gcp" = {
      description = "Machines of example-prod-train-gcp"
      jobs        = ["apply-prod", "rollout-prod"]
    }
    "example-prod-vision-gcp" = {
      description = "Machines of example-prod-vision-gcp"
      jobs        = ["apply-prod", "rollout-prod"]
    }
    "example-prod-web-gcp" = {
      description = "Machines of example-prod-web-gcp"
      jobs        = ["apply-prod", "rollout-prod"]
    }
    "example-prod-worker-gcp" = {
      description = "Machines of example-prod-worker-gcp"
      jobs        = ["apply-prod", "rollout-prod"]
    }
    "example-stg-api-gcp-stg" = {
      description = "Machines of example-stg-api-gcp-stg"
      roles       = ["roles/datastore.user"]
      jobs        = ["apply-stg", "rollout-stg"]
    }
    "example-stg-web-gcp-stg" = {
      description = "Machines of example-stg-web-gcp-stg"
      jobs        = ["apply-stg", "rollout-stg"]
    }
    "example-stg-worker-gcp-stg" = {
      description = "Machines of example-stg-worker-gcp-stg"
      jobs        = ["apply-stg", "rollout-stg"]
    }
  }
  disk_key    = { name = "disks", location = "asia-northeast1" }
  signing_key = { name = "image-signing", location = "asia-northeast1" }
  repositories = {
    names    = ["fleet"]
    location = "asia-northeast1"
  }
  buckets = {
    "example-fleet-artifacts-gcp" = "asia-northeast1"
    "example-fleet-reports-gcp"   = "asia-northeast1"
  }
  members            = ["group:platform@example.com"]
  log_retention_days = 365
  labels             = local.labels
}
