mock_provider "google" {}

variables {
  name    = "example-gcp-tokyo"
  project = "example-fleet"
  network = "projects/example-fleet/global/networks/example-gcp-tokyo"
  peer    = { name = "example-gcp-osaka" }
}

run "both_ends_and_no_routes_of_ones_own" {
  command = plan

  assert {
    condition     = google_compute_network_peering.to_peer.name == "example-gcp-tokyo-example-gcp-osaka" && google_compute_network_peering.from_peer.name == "example-gcp-osaka-example-gcp-tokyo"
    error_message = "a peering has two ends"
  }

  assert {
    condition     = alltrue([for end in [google_compute_network_peering.to_peer, google_compute_network_peering.from_peer] : !end.export_custom_routes && !end.import_custom_routes])
    error_message = "a route to the internet stays in its network"
  }
}
