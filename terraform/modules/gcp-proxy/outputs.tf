output "service_account" {
  description = "The e-mail address of the machines' service account."
  value       = google_service_account.this.email
}

output "address" {
  description = "The proxy's address."
  value       = google_compute_forwarding_rule.this.ip_address
}
