# Looks up the network's resources by name. A network that exists already may be in another project: the host of a Shared VPC.

data "google_compute_network" "this" {
  name    = var.name
  project = var.project
}

data "google_compute_subnetwork" "machines" {
  name    = coalesce(var.subnetwork, "${var.name}-machines")
  project = var.project
  region  = var.region
}
