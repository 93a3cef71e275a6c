output "job_accounts" {
  description = "The e-mail addresses of the jobs' service accounts, by job."
  value       = { for name, account in google_service_account.job : name => account.email }
}

output "workload_identity_provider" {
  description = "The provider that GitHub's jobs name to get their account."
  value       = google_iam_workload_identity_pool_provider.github.name
}
