# Names inside the network: Google's APIs at their private addresses, and the proxy.

locals {
  google_addresses = [for index in range(4) : cidrhost(local.google_apis, index)]
  # gcr.io stays public, so that the proxy reaches the mirror of Docker Hub there.
  google_domains = { googleapis = "googleapis.com.", pkg = "pkg.dev." }
}

resource "google_dns_managed_zone" "google" {
  # checkov:skip=CKV_GCP_16: DNSSEC is for public zones. This one is private.
  for_each = local.google_domains

  name        = "${var.name}-${each.key}"
  project     = var.project
  dns_name    = each.value
  description = "Google's APIs in ${var.name}"
  visibility  = "private"
  labels      = var.labels

  private_visibility_config {
    networks {
      network_url = google_compute_network.this.id
    }
  }
}

resource "google_dns_record_set" "google" {
  for_each = local.google_domains

  name         = "private.${each.value}"
  project      = var.project
  managed_zone = google_dns_managed_zone.google[each.key].name
  type         = "A"
  ttl          = 300
  rrdatas      = local.google_addresses
}

resource "google_dns_record_set" "google_names" {
  for_each = local.google_domains

  name         = "*.${each.value}"
  project      = var.project
  managed_zone = google_dns_managed_zone.google[each.key].name
  type         = "CNAME"
  ttl          = 300
  rrdatas      = ["private.${each.value}"]
}

# The network's own names, of which the proxy has one.
resource "google_dns_managed_zone" "this" {
  # checkov:skip=CKV_GCP_16: DNSSEC is for public zones. This one is private.
  name        = var.name
  project     = var.project
  dns_name    = "${var.zone_name}."
  description = "Private names of ${var.name}"
  visibility  = "private"
  labels      = var.labels

  private_visibility_config {
    networks {
      network_url = google_compute_network.this.id
    }
  }
}

# Who asked for which name.
resource "google_dns_policy" "this" {
  name           = var.name
  project        = var.project
  description    = "Logs the queries of ${var.name}"
  enable_logging = true

  networks {
    network_url = google_compute_network.this.id
  }
}
