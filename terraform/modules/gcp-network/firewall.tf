# What machines may connect to, and who may connect to them. The lowest priority that matches decides. Google never filters its metadata
# server and its resolver at 169.254.169.254.

locals {
  machines = var.subnets.machines
  builds   = lookup(var.subnets, "build", null)
  clients  = compact([local.machines, local.builds])

  proxies  = [var.proxy_service_account]
  builders = var.build_service_account == null ? [] : [var.build_service_account]

  # `accounts` are the service accounts of the machines that a rule is about; without them, it is about all.
  egress = merge(
    {
      proxy-not-private = { priority = 900, action = "deny", protocol = "all", port = null, ranges = local.private_ranges, accounts = local.proxies, description = "The proxy is no way to private networks" }
      proxy-internet    = { priority = 1000, action = "allow", protocol = "tcp", port = 443, ranges = ["0.0.0.0/0"], accounts = local.proxies, description = "The proxy and the internet" }
      google-apis       = { priority = 1000, action = "allow", protocol = "tcp", port = 443, ranges = [local.google_apis], accounts = [], description = "Google's APIs" }
      network           = { priority = 1000, action = "allow", protocol = "all", port = null, ranges = concat([var.cidr], var.peer_cidrs), accounts = [], description = "The machines of the network and of its peers, and the proxy" }
      nothing-else      = { priority = 65000, action = "deny", protocol = "all", port = null, ranges = ["0.0.0.0/0"], accounts = [], description = "Nothing else" }
    },
    local.builds == null ? {} : {
      build-proxy = { priority = 800, action = "allow", protocol = "tcp", port = var.proxy_port, ranges = [var.subnets.proxy], accounts = local.builders, description = "Builds and the proxy" }
      build-alone = { priority = 900, action = "deny", protocol = "all", port = null, ranges = local.private_ranges, accounts = local.builders, description = "Builds reach no machine" }
    },
  )

  ingress = {
    iap    = { port = 22, ranges = local.iap_ranges, accounts = [], description = "Sessions, through Identity-Aware Proxy, which knows who may open them" }
    proxy  = { port = var.proxy_port, ranges = local.clients, accounts = local.proxies, description = "Whoever uses the proxy" }
    health = { port = var.proxy_port, ranges = local.health_ranges, accounts = local.proxies, description = "Health checks of the proxy" }
  }
}

resource "google_compute_firewall" "egress" {
  for_each = local.egress

  name                    = "${var.name}-${each.key}"
  project                 = var.project
  network                 = google_compute_network.this.name
  description             = each.value.description
  direction               = "EGRESS"
  priority                = each.value.priority
  destination_ranges      = each.value.ranges
  target_service_accounts = length(each.value.accounts) == 0 ? null : each.value.accounts

  dynamic "allow" {
    for_each = each.value.action == "allow" ? [each.value] : []

    content {
      protocol = allow.value.protocol
      ports    = allow.value.port == null ? null : [tostring(allow.value.port)]
    }
  }

  dynamic "deny" {
    for_each = each.value.action == "deny" ? [each.value] : []

    content {
      protocol = deny.value.protocol
    }
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

# Whatever no rule allows is denied.
resource "google_compute_firewall" "ingress" {
  for_each = local.ingress

  name                    = "${var.name}-in-${each.key}"
  project                 = var.project
  network                 = google_compute_network.this.name
  description             = each.value.description
  direction               = "INGRESS"
  priority                = 1000
  source_ranges           = each.value.ranges
  target_service_accounts = length(each.value.accounts) == 0 ? null : each.value.accounts

  allow {
    protocol = "tcp"
    ports    = [tostring(each.value.port)]
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}
