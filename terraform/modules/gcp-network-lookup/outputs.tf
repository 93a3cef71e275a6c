output "network" {
  description = "The network's self link."
  value       = data.google_compute_network.this.self_link
}

output "subnetwork" {
  description = "The self link of the machines' subnetwork."
  value       = data.google_compute_subnetwork.machines.self_link
}

output "project" {
  description = "The project that the network is in, if it is not the provider's."
  value       = var.project
}
