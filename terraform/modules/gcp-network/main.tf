# A network without a way in but Identity-Aware Proxy, and with one way out: the egress proxy. Google's APIs have private addresses in
# it. The route to the internet applies to the proxy's machines only, and so does NAT.

locals {
  # private.googleapis.com: https://cloud.google.com/vpc/docs/configure-private-google-access
  google_apis = "199.36.153.8/30"
  # The proxy must not be a way to other private networks.
  private_ranges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16"]
  # From which Identity-Aware Proxy forwards connections, and Google checks health.
  iap_ranges    = ["35.235.240.0/20"]
  health_ranges = ["35.191.0.0/16", "130.211.0.0/22"]

  proxy_tag = "${var.name}-proxy"
  # `proxy-only` has a purpose and no flow logs, so it is a separate resource below.
  subnetworks = { for tier, cidr in var.subnets : tier => cidr if tier != "proxy-only" }
}

resource "google_compute_network" "this" {
  name                            = var.name
  project                         = var.project
  description                     = "Isolated: ${var.name}"
  auto_create_subnetworks         = false
  routing_mode                    = "REGIONAL"
  delete_default_routes_on_create = true
  # Docker's bridges have 1500 bytes, and would lose packets in a network with Google's default of 1460.
  mtu = 1500
}

resource "google_compute_subnetwork" "this" {
  for_each = local.subnetworks

  name          = "${var.name}-${each.key}"
  project       = var.project
  region        = var.region
  network       = google_compute_network.this.id
  ip_cidr_range = each.value
  description   = "${each.key} of ${var.name}"
  # Machines without public addresses reach Google's APIs.
  private_ip_google_access = true

  log_config {
    aggregation_interval = "INTERVAL_1_MIN"
    flow_sampling        = 1
    metadata             = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_subnetwork_iam_member" "this" {
  for_each = {
    for item in flatten([for tier, accounts in var.users : [for account in accounts : { tier = tier, account = account }]]) : "${item.tier} ${item.account}" => item
  }

  project    = var.project
  region     = var.region
  subnetwork = google_compute_subnetwork.this[each.value.tier].name
  role       = "roles/compute.networkUser"
  member     = "serviceAccount:${each.value.account}"
}

# Application load balancers of the region connect from here.
#trivy:ignore:GCP-0075 Google's own proxies are here, and no machines.
#trivy:ignore:GCP-0076 Google logs no flows of a proxy-only subnetwork.
resource "google_compute_subnetwork" "proxy_only" {
  # checkov:skip=CKV_GCP_26: Google logs no flows of a proxy-only subnetwork.
  # checkov:skip=CKV_GCP_74: Google's own proxies are here, and no machines.
  # checkov:skip=CKV_GCP_76: Google's own proxies are here, and no machines.
  name          = "${var.name}-proxy-only"
  project       = var.project
  region        = var.region
  network       = google_compute_network.this.id
  ip_cidr_range = var.subnets["proxy-only"]
  description   = "Google's load balancers in ${var.name}"
  purpose       = "REGIONAL_MANAGED_PROXY"
  role          = "ACTIVE"
}

# Only to Google's APIs. "Internet gateway" is the name of the hop, and such packets stay in Google's network.
resource "google_compute_route" "google_apis" {
  name             = "${var.name}-google-apis"
  project          = var.project
  network          = google_compute_network.this.id
  description      = "Google's APIs, at private.googleapis.com"
  dest_range       = local.google_apis
  next_hop_gateway = "default-internet-gateway"
}

resource "google_compute_route" "proxy_to_internet" {
  name             = "${var.name}-proxy-to-internet"
  project          = var.project
  network          = google_compute_network.this.id
  description      = "The internet, for the proxy's machines"
  dest_range       = "0.0.0.0/0"
  next_hop_gateway = "default-internet-gateway"
  # Whoever gave a machine this tag would still have no public address, no NAT, which serves the proxy's subnetwork alone, and a
  # firewall that goes by service accounts.
  tags = [local.proxy_tag]
}

resource "google_compute_router" "this" {
  name        = var.name
  project     = var.project
  region      = var.region
  network     = google_compute_network.this.id
  description = "NAT of the proxy of ${var.name}"
}

resource "google_compute_router_nat" "this" {
  name                               = var.name
  project                            = var.project
  region                             = var.region
  router                             = google_compute_router.this.name
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "LIST_OF_SUBNETWORKS"
  # Squid opens many connections to few sites.
  enable_dynamic_port_allocation      = true
  enable_endpoint_independent_mapping = false
  min_ports_per_vm                    = 64
  max_ports_per_vm                    = 4096

  subnetwork {
    name                    = google_compute_subnetwork.this["proxy"].id
    source_ip_ranges_to_nat = ["PRIMARY_IP_RANGE"]
  }

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}
