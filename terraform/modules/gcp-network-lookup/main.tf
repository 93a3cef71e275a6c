# Looks up the network's resources by name.

data "google_compute_network" "this" {
  name = var.name
}

data "google_compute_subnetwork" "machines" {
  name   = "${var.name}-machines"
  region = var.region
}
