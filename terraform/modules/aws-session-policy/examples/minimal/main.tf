terraform {
  required_version = ">= 1.11"
}

module "sessions" {
  source = "../.."

  recording = { log_group = "/example/sessions", bucket = "example-sessions-123456789012-us-west-2", key_alias = "example-sessions" }
}

output "policy" {
  description = "A policy with nothing but sessions."
  value       = jsonencode({ Version = "2012-10-17", Statement = jsondecode(module.sessions.statements) })
}
