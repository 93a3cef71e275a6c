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

module "proxy" {
  source = "../.."

  network_name = "example-gcp-tokyo"
  project      = "example-fleet"
  region       = "asia-northeast1"
  zones        = ["asia-northeast1-a", "asia-northeast1-b"]
  network      = "projects/example-fleet/global/networks/example-gcp-tokyo"
  subnetwork   = "projects/example-fleet/regions/asia-northeast1/subnetworks/example-gcp-tokyo-proxy"
  tag          = "example-gcp-tokyo-proxy"
  host         = "proxy.gcp-tokyo.example.internal"
  zone_name    = "example-gcp-tokyo"
  machines     = 2
  image        = "projects/ubuntu-os-cloud/global/images/ubuntu-2404-noble-amd64-v20261101"
  squid_conf   = "http_port 3128\nhttp_access deny all\n"
  package_sources = [{
    url     = "https://snapshot.ubuntu.com/ubuntu/20261101T235959Z"
    suites  = "noble noble-updates noble-security"
    keyring = "/usr/share/keyrings/ubuntu-archive-keyring.gpg"
  }]
}
