output "network" {
  description = "The network's id."
  value       = google_compute_network.this.id
}

output "proxy_subnetwork" {
  description = "The id of the proxy's subnetwork."
  value       = google_compute_subnetwork.this["proxy"].id
}

output "proxy_tag" {
  description = "The tag of machines with a route to the internet."
  value       = local.proxy_tag
}

output "zone_name" {
  description = "The name of the managed zone in Cloud DNS."
  value       = google_dns_managed_zone.this.name
}
