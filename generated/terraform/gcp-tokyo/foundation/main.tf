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
    prefix = "example/gcp-tokyo/foundation"
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

module "network" {
  source = "../../../../terraform/modules/gcp-network"

  name      = "example-gcp-tokyo"
  project   = "example-fleet"
  region    = "asia-northeast1"
  cidr      = "10.48.0.0/16"
  zone_name = "gcp-tokyo.example.internal"
  subnets = {
    "build"      = "10.48.128.0/18"
    "machines"   = "10.48.0.0/17"
    "proxy"      = "10.48.192.0/20"
    "proxy-only" = "10.48.240.0/20"
  }
  proxy_port            = 3128
  proxy_service_account = module.proxy.service_account
  build_service_account = "example-build@example-fleet.iam.gserviceaccount.com"
  # The jobs that create machines in the subnetworks.
  users = {
    machines = ["example-apply-stg@example-fleet.iam.gserviceaccount.com", "example-rollout-stg@example-fleet.iam.gserviceaccount.com", "example-apply-prod@example-fleet.iam.gserviceaccount.com", "example-rollout-prod@example-fleet.iam.gserviceaccount.com"]
    build    = ["example-build-runner@example-fleet.iam.gserviceaccount.com"]
  }
  labels = local.labels
}

module "proxy" {
  source = "../../../../terraform/modules/gcp-proxy"

  network_name = "example-gcp-tokyo"
  project      = "example-fleet"
  region       = "asia-northeast1"
  zones        = ["asia-northeast1-a", "asia-northeast1-b", "asia-northeast1-c"]
  network      = module.network.network
  subnetwork   = module.network.proxy_subnetwork
  tag          = module.network.proxy_tag
  host         = "proxy.gcp-tokyo.example.internal"
  zone_name    = module.network.zone_name
  port         = 3128
  machines     = 2
  machine_type = "e2-small"
  disk_type    = "pd-balanced"
  kms_key      = "projects/example-fleet/locations/asia-northeast1/keyRings/fleet/cryptoKeys/disks"
  image        = "projects/ubuntu-os-cloud/global/images/ubuntu-2404-noble-amd64-v20261101"
  package_sources = [
    { url = "https://snapshot.ubuntu.com/ubuntu/20261101T235959Z", suites = "noble noble-updates noble-security", keyring = "/usr/share/keyrings/ubuntu-archive-keyring.gpg" },
  ]
  squid_conf = file("${path.module}/squid.conf")
  labels     = local.labels
}
