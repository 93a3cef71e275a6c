output "instance_group_manager" {
  description = "The name of the managed instance group."
  value       = google_compute_region_instance_group_manager.this.name
}

output "instance_group" {
  description = "The instance group, for a load balancer's backend service."
  value       = google_compute_region_instance_group_manager.this.instance_group
}

output "instance_template" {
  description = "The instance template that the rollout copies with a new image."
  value       = google_compute_region_instance_template.this.self_link
}
