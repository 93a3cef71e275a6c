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
    prefix = "example/gcp-tokyo/indexing"
  }
}

provider "google" {
  project = "example-fleet"
  region  = "asia-northeast1"
}

module "network" {
  source = "../../../../terraform/modules/gcp-network-lookup"

  name   = "example-gcp-tokyo"
  region = "asia-northeast1"
}
