output "network" {
  description = "The network, by its link."
  value       = data.google_compute_network.this.self_link
}

output "subnetwork" {
  description = "The subnetwork for machines, by its link."
  value       = data.google_compute_subnetwork.machines.self_link
}
