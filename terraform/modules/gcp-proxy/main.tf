# The egress proxy of a network: squid on a managed instance group, behind an internal load balancer that has the proxy's name.

locals {
  name   = "${var.network_name}-proxy"
  labels = merge(var.labels, { network = var.network_name })
}

module "user_data" {
  source = "../proxy-user-data"

  squid_conf      = var.squid_conf
  package_sources = var.package_sources
}

# Who the machines are. It has no roles: squid asks nothing of Google.
resource "google_service_account" "this" {
  account_id   = local.name
  project      = var.project
  display_name = local.name
  description  = "The egress proxy of ${var.network_name}"
}

resource "google_compute_region_instance_template" "this" {
  name_prefix          = "${local.name}-"
  project              = var.project
  region               = var.region
  description          = "The egress proxy of ${var.network_name}"
  instance_description = "The egress proxy of ${var.network_name}"
  machine_type         = var.machine_type
  labels               = local.labels
  # The route to the internet is for machines with this tag.
  tags = [var.tag]

  disk {
    source_image = var.image
    boot         = true
    auto_delete  = true
    disk_type    = var.disk_type
    disk_size_gb = var.disk_gib
    labels       = local.labels

    dynamic "disk_encryption_key" {
      for_each = var.kms_key == null ? [] : [var.kms_key]

      content {
        kms_key_self_link = disk_encryption_key.value
      }
    }
  }

  # Without an access_config there is no public address.
  network_interface {
    network    = var.network
    subnetwork = var.subnetwork
  }

  service_account {
    email  = google_service_account.this.email
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
  }

  metadata = {
    block-project-ssh-keys = "TRUE"
    enable-oslogin         = "TRUE"
    serial-port-enable     = "FALSE"
    user-data              = module.user_data.user_data
  }

  shielded_instance_config {
    enable_secure_boot          = true
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = length(module.user_data.user_data) <= 262144
      error_message = "The configuration of the proxy takes more than the 256 KiB that a value of metadata may have: shorten the reasons of domains."
    }
  }
}

resource "google_compute_region_health_check" "this" {
  name                = local.name
  project             = var.project
  region              = var.region
  description         = "Whether squid answers"
  check_interval_sec  = 10
  timeout_sec         = 5
  healthy_threshold   = 2
  unhealthy_threshold = 3

  tcp_health_check {
    port = var.port
  }

  log_config {
    enable = true
  }
}

# Terraform replaces the machines, not a rollout, as every group of the network needs the proxy: new ones first, none less than before.
resource "google_compute_region_instance_group_manager" "this" {
  name                      = local.name
  project                   = var.project
  region                    = var.region
  description               = "The egress proxy of ${var.network_name}"
  base_instance_name        = local.name
  distribution_policy_zones = var.zones
  target_size               = var.machines
  wait_for_instances        = false

  version {
    instance_template = google_compute_region_instance_template.this.self_link
  }

  update_policy {
    type                           = "PROACTIVE"
    minimal_action                 = "REPLACE"
    most_disruptive_allowed_action = "REPLACE"
    replacement_method             = "SUBSTITUTE"
    max_surge_fixed                = length(var.zones)
    max_unavailable_fixed          = 0
  }

  # The installation may have to wait for the snapshot service.
  auto_healing_policies {
    health_check      = google_compute_region_health_check.this.id
    initial_delay_sec = 900
  }

  named_port {
    name = "proxy"
    port = var.port
  }
}

resource "google_compute_region_backend_service" "this" {
  name                            = local.name
  project                         = var.project
  region                          = var.region
  description                     = "The egress proxy of ${var.network_name}"
  load_balancing_scheme           = "INTERNAL"
  protocol                        = "TCP"
  health_checks                   = [google_compute_region_health_check.this.id]
  connection_draining_timeout_sec = 120

  backend {
    group          = google_compute_region_instance_group_manager.this.instance_group
    balancing_mode = "CONNECTION"
  }

  log_config {
    enable      = true
    sample_rate = 1
  }
}

# It passes packets on as they are, so squid knows builds from machines by their addresses.
resource "google_compute_forwarding_rule" "this" {
  name                  = local.name
  project               = var.project
  region                = var.region
  description           = "The egress proxy of ${var.network_name}"
  load_balancing_scheme = "INTERNAL"
  ip_protocol           = "TCP"
  ports                 = [tostring(var.port)]
  network               = var.network
  subnetwork            = var.subnetwork
  backend_service       = google_compute_region_backend_service.this.id
  labels                = local.labels
}

# The name that builds and machines use.
resource "google_dns_record_set" "this" {
  name         = "${var.host}."
  project      = var.project
  managed_zone = var.zone_name
  type         = "A"
  ttl          = 60
  rrdatas      = [google_compute_forwarding_rule.this.ip_address]
}
