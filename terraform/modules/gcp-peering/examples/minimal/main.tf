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

module "peering" {
  source = "../.."

  name    = "example-gcp-tokyo"
  project = "example-fleet"
  network = "projects/example-fleet/global/networks/example-gcp-tokyo"
  peer    = { name = "example-gcp-osaka" }
}
