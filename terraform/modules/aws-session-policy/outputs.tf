output "statements" {
  description = "The statements, as a JSON list."
  value       = jsonencode(concat(local.agent, local.recording))
}
