# What can reach the machines. Their service account comes from the project's root, which only administrators apply: a job that
# may create accounts could act as any account of the project.

locals {
  # The documented source ranges of Google's health checks.
  health_ranges = ["130.211.0.0/22", "35.191.0.0/16"]

  rules = merge(
    var.health == null ? {} : {
      health = { protocol = "tcp", port = var.health.port, ranges = local.health_ranges, description = "Health checks" }
    },
    var.load_balancer == null ? {} : {
      load-balancer = { protocol = "tcp", port = var.load_balancer.port, ranges = var.load_balancer.source_ranges, description = "The load balancer" }
    },
    {
      for port in var.ports : "${port.protocol}-${port.port}" => {
        protocol = port.protocol, port = port.port, ranges = port.cidrs, description = port.description
      }
    },
  )
}

resource "google_compute_firewall" "this" {
  for_each = local.rules

  name          = "${var.name}-${each.key}"
  project       = var.project
  network       = var.network.network
  description   = each.value.description
  direction     = "INGRESS"
  source_ranges = each.value.ranges

  # By service account, since anybody who may set tags could add a network tag.
  target_service_accounts = [var.service_account]

  allow {
    protocol = each.value.protocol
    ports    = [tostring(each.value.port)]
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}
