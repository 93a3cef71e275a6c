# Written by fleetgen from fleet.yaml. Do not edit: change fleet.yaml and run `fleetgen generate`.

module "search-gcp" {
  source = "../../../../terraform/modules/gcp-compute-group"

  name        = "example-prod-search-gcp"
  description = "Search index"
  project     = "example-fleet"
  region      = "asia-northeast1"
  zones       = ["asia-northeast1-a", "asia-northeast1-b", "asia-northeast1-c"]
  network     = module.network

  # The project's root creates it, with its roles.
  service_account = "example-prod-search-gcp@example-fleet.iam.gserviceaccount.com"

  # Where a new group starts: on the vendor's image, as no image was promoted to its environment. Until one is, nothing is replaced.
  bootstrap_image   = "projects/ubuntu-os-cloud/global/images/ubuntu-2404-noble-amd64-v20261101"
  hold_replacements = true

  machine_type   = "n2-highmem-4"
  live_migration = true
  size           = { min = 3, desired = 3, max = 3 }
  disk = {
    size_gib = 300
    type     = "pd-balanced"
    kms_key  = "projects/example-fleet/locations/asia-northeast1/keyRings/fleet/cryptoKeys/disks"
  }

  ports = [
    {
      port        = "9200"
      protocol    = "tcp"
      cidrs       = ["10.48.0.0/16"]
      description = "Queries and replication"
    },
  ]

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
    "group"       = "search-gcp"
    "layer"       = "search"
    "team"        = "platform"
  }
}
