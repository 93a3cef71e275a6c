output "group" {
  description = "The name of the Auto Scaling group, which a hosted job raises."
  value       = aws_autoscaling_group.this.name
}

output "security_group_id" {
  description = "The id of the machines' security group."
  value       = aws_security_group.this.id
}
