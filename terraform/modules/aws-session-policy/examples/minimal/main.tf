terraform {
  required_version = ">= 1.11"
}

module "sessions" {
  source = "../.."

  recording = { log_group = "/example/sessions", key_alias = "example-sessions" }
}

output "policy" {
  description = "A policy with nothing but sessions."
  value       = jsonencode({ Version = "2012-10-17", Statement = jsondecode(module.sessions.statements) })
}
