# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.

module "worker-gcp-stg" {
  source = "../../../../terraform/modules/gcp-compute-group"

  name        = "example-stg-worker-gcp-stg"
  description = "Queue worker"
  project     = "example-fleet"
  region      = "asia-northeast1"
  zones       = ["asia-northeast1-a", "asia-northeast1-b", "asia-northeast1-c"]
  network     = module.network

  # Where a new group starts; the rollout owns the image from then on.
  bootstrap_image = "projects/ubuntu-os-cloud/global/images/ubuntu-2404-noble-arm64-v20261101"

  machine_type   = "c4a-standard-1"
  live_migration = true
  size           = { min = 1, desired = 1, max = 3 }
  disk = {
    size_gib = 20
    type     = "hyperdisk-balanced"
    kms_key  = "projects/example-fleet/locations/asia-northeast1/keyRings/fleet/cryptoKeys/disks"
  }

  scaling = {
    warmup_seconds = 120
    cpu_percent    = 70
  }

  # How many machines may be added, and how many may be missing, while others are replaced.
  maintenance = {
    max_surge_fixed       = 3
    max_unavailable_fixed = 0
  }

  spot        = false
  secure_boot = true

  labels = {
    "cost-center" = "cc-1042"
    "environment" = "stg"
    "fleet"       = "example"
    "group"       = "worker-gcp-stg"
    "layer"       = "worker"
    "team"        = "platform"
  }
}
