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

module "network" {
  source = "../../../gcp-network-lookup"

  name   = "example-gcp-tokyo"
  region = "asia-northeast1"
}

module "worker" {
  source = "../.."

  name            = "example-prod-worker"
  service_account = "example-prod-worker@example-fleet.iam.gserviceaccount.com"
  description     = "Takes jobs from the queue"
  project         = "example-fleet"
  region          = "asia-northeast1"
  zones           = ["asia-northeast1-a", "asia-northeast1-b", "asia-northeast1-c"]
  network         = module.network

  bootstrap_image = "projects/ubuntu-os-cloud/global/images/ubuntu-2404-noble-amd64-v20261101"
  machine_type    = "n2-standard-2"
  size            = { min = 1, desired = 1, max = 1 }
  disk            = { size_gib = 20 }
  maintenance     = { max_surge_fixed = 3, max_unavailable_fixed = 0 }
}
