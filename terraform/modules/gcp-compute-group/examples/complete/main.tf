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
  source = "../../../gcp-network-lookup"

  name   = "example-gcp-tokyo"
  region = "asia-northeast1"
}

module "vision" {
  source = "../.."

  name            = "example-prod-vision"
  service_account = "example-prod-vision@example-fleet.iam.gserviceaccount.com"
  description     = "Image recognition"
  project         = "example-fleet"
  region          = "asia-northeast1"
  zones           = ["asia-northeast1-a", "asia-northeast1-b", "asia-northeast1-c"]
  network         = module.network

  bootstrap_image   = "projects/ubuntu-os-cloud/global/images/ubuntu-2404-noble-amd64-v20261101"
  hold_replacements = true
  proxy             = { url = "http://proxy.example.internal:3128", exceptions = ["localhost", "127.0.0.1", "10.48.0.0/16"] }
  machine_type      = "n1-standard-16"
  live_migration    = false
  accelerator       = { type = "nvidia-tesla-t4", count = 2 }
  size              = { min = 10, desired = 12, max = 40 }

  disk = {
    size_gib = 100
    type     = "pd-ssd"
    kms_key  = "projects/example-fleet/locations/asia-northeast1/keyRings/fleet/cryptoKeys/disks"
  }

  data_disks = {
    models = { size_gib = 500, type = "pd-ssd", mount = "/srv/models", owner = "vision" }
  }
  instance_store = { mount = "/srv/cache", disks = 2 }

  config = {
    environment = { LOG_LEVEL = "debug" }
    secrets     = { TOKEN = { name = "vision-token" } }
  }
  metadata = { google-monitoring-enable = "1" }

  ports = [
    { port = "9100", protocol = "tcp", cidrs = ["10.48.0.0/16"], description = "Metrics" },
    { port = "7000-7020", protocol = "tcp", cidrs = [], service_accounts = ["example-prod-web@example-fleet.iam.gserviceaccount.com"] },
    { port = "8125", protocol = "udp", cidrs = ["10.48.0.0/16"] },
  ]

  backends = {
    main  = { port = 8080, source_ranges = ["130.211.0.0/22", "35.191.0.0/16"] }
    media = { port = 9000, protocol = "udp", source_ranges = ["198.51.100.0/24"] }
  }

  egress = [
    { to = "databases", port = "5432", protocol = "tcp", cidrs = ["10.200.8.0/24"] },
  ]

  health = {
    protocol      = "https"
    port          = 8443
    path          = "/healthz"
    grace_seconds = 600
  }

  scaling = {
    cpu_percent    = 70
    warmup_seconds = 300
    queue          = { name = "jobs", messages_per_machine = 100 }
    schedules = {
      night = { cron = "0 22 * * *", time_zone = "Asia/Tokyo", machines = 20, duration_seconds = 28800 }
    }
  }

  maintenance = { max_surge_percent = 10, max_unavailable_percent = 10 }
  spot        = true
  secure_boot = false
  labels      = { environment = "prod", team = "platform" }
}
