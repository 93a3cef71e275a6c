# A peering of two networks of one project: both ends. Google exchanges the routes of their subnetworks by itself. The firewalls of both
# networks decide what uses them.

resource "google_compute_network_peering" "to_peer" {
  name         = "${var.name}-${var.peer.name}"
  network      = var.network
  peer_network = data.google_compute_network.peer.self_link
  # The route to the internet of one network must not serve the other.
  export_custom_routes = false
  import_custom_routes = false
}

resource "google_compute_network_peering" "from_peer" {
  name                 = "${var.peer.name}-${var.name}"
  network              = data.google_compute_network.peer.self_link
  peer_network         = var.network
  export_custom_routes = false
  import_custom_routes = false

  # Google changes one peering of a network at a time.
  depends_on = [google_compute_network_peering.to_peer]
}

data "google_compute_network" "peer" {
  name    = var.peer.name
  project = var.project
}
