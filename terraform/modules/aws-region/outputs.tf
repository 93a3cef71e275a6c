output "key_arns" {
  description = "The ARNs of the keys: logs, sessions, and disks if it was created."
  value       = { for name, key in aws_kms_key.this : name => key.arn }
}

output "session_log_group" {
  description = "The log group that sessions are recorded in."
  value       = aws_cloudwatch_log_group.sessions.name
}
