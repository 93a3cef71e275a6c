output "urls" {
  description = "What to push to, by repository."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.repository_url }
}
