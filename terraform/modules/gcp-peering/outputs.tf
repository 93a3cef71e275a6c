output "state" {
  description = "Whether the peering is active."
  value       = google_compute_network_peering.from_peer.state
}
