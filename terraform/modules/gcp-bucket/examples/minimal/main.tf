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

module "bucket" {
  source = "../.."

  name     = "example-fleet-artifacts-gcp"
  project  = "example-fleet"
  location = "asia-northeast1"
}
