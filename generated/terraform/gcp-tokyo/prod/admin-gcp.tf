# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.

module "admin-gcp" {
  source = "../../../../terraform/modules/gcp-compute-group"

  name        = "example-prod-admin-gcp"
  description = "Back office, for the company's networks only"
  project     = "example-fleet"
  region      = "asia-northeast1"
  zones       = ["asia-northeast1-a", "asia-northeast1-b", "asia-northeast1-c"]
  network     = module.network

  # The project's root creates it, with its roles.
  service_account = "example-prod-admin-gcp@example-fleet.iam.gserviceaccount.com"

  # Where a new group starts: on the vendor's image, as no image was promoted to its environment. Until one is, nothing is replaced.
  bootstrap_image   = "projects/ubuntu-os-cloud/global/images/ubuntu-2404-noble-amd64-v20261101"
  hold_replacements = true

  machine_type   = "t2d-standard-1"
  live_migration = true
  size           = { min = 1, desired = 1, max = 1 }
  disk = {
    size_gib = 20
    type     = "pd-balanced"
    kms_key  = "projects/example-fleet/locations/asia-northeast1/keyRings/fleet/cryptoKeys/disks"
  }

  ports = [
    {
      port        = "8080"
      protocol    = "tcp"
      cidrs       = ["10.16.0.0/16", "10.48.0.0/16"]
      description = "Back office"
    },
  ]

  health = {
    protocol         = "http"
    port             = 8080
    path             = "/healthz"
    interval_seconds = 10
    timeout_seconds  = 5
    healthy_after    = 2
    unhealthy_after  = 3
    grace_seconds    = 300
  }

  # How many machines may be added, and how many may be missing, while others are replaced.
  maintenance = {
    max_surge_fixed       = 3
    max_unavailable_fixed = 0
  }

  proxy = {
    url        = "http://proxy.gcp-tokyo.example.internal:3128"
    exceptions = ["localhost", "127.0.0.1", "169.254.169.254", ".internal", ".googleapis.com", ".pkg.dev", "10.48.0.0/16"]
  }

  spot        = false
  secure_boot = true

  labels = {
    "cost-center" = "cc-1042"
    "environment" = "prod"
    "fleet"       = "example"
    "group"       = "admin-gcp"
    "layer"       = "web"
    "team"        = "platform"
  }
}
