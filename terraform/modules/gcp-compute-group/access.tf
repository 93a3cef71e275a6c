# What can reach the machines, and what they reach. Firewalls are in the network's project, which is another one in a Shared VPC. The
# machines' service account comes from the project's root, which only administrators apply: a job that may create accounts could act as
# any account of the project.

locals {
  # The documented source ranges of Google's health checks.
  health_ranges = ["130.211.0.0/22", "35.191.0.0/16"]

  rules = merge(
    var.health == null ? {} : {
      health = { protocol = "tcp", port = tostring(var.health.port), ranges = local.health_ranges, accounts = [], description = "Health checks" }
    },
    {
      for key, backend in var.backends : key == "main" ? "load-balancer" : "backend-${key}" => {
        protocol = backend.protocol, port = tostring(backend.port), ranges = backend.source_ranges, accounts = [], description = "The load balancer"
      }
    },
    {
      for port in var.ports : "${port.protocol}-${port.port}" => {
        protocol = port.protocol, port = port.port, ranges = port.cidrs, accounts = port.service_accounts, description = port.description
      }
    },
  )
}

resource "google_compute_firewall" "this" {
  for_each = local.rules

  name        = "${var.name}-${each.key}"
  project     = coalesce(var.network.project, var.project)
  network     = var.network.network
  description = each.value.description
  direction   = "INGRESS"
  # Either is enough.
  source_ranges           = length(each.value.ranges) == 0 ? null : each.value.ranges
  source_service_accounts = length(each.value.accounts) == 0 ? null : each.value.accounts

  # By service account, since anybody who may set tags could add a network tag.
  target_service_accounts = [var.service_account]

  allow {
    protocol = each.value.protocol
    ports    = [each.value.port]
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

# The network lets machines connect to nothing but itself, its peers and Google's APIs.
resource "google_compute_firewall" "egress" {
  for_each = { for egress in var.egress : "to-${egress.to}-${egress.protocol}-${egress.port}" => egress }

  name               = "${var.name}-${each.key}"
  project            = coalesce(var.network.project, var.project)
  network            = var.network.network
  description        = "Machines of ${var.name} and ${each.value.to}"
  direction          = "EGRESS"
  priority           = 1000
  destination_ranges = each.value.cidrs

  target_service_accounts = [var.service_account]

  allow {
    protocol = each.value.protocol
    ports    = [each.value.port]
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}
