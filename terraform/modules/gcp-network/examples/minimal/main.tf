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

  name    = "example-gcp-tokyo"
  project = "example-fleet"
  region  = "asia-northeast1"
  cidr    = "10.48.0.0/16"
  subnets = {
    machines   = "10.48.0.0/19"
    build      = "10.48.128.0/20"
    proxy      = "10.48.192.0/22"
    proxy-only = "10.48.240.0/22"
  }
  zone_name             = "gcp-tokyo.example.internal"
  proxy_port            = 3128
  proxy_service_account = "example-gcp-tokyo-proxy@example-fleet.iam.gserviceaccount.com"
  build_service_account = "example-build@example-fleet.iam.gserviceaccount.com"
}
