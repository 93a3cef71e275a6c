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
  source = "../.."

  name   = "example-gcp-tokyo"
  region = "asia-northeast1"
}
