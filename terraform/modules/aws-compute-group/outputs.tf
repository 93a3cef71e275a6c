output "autoscaling_group_name" {
  description = "The name of the Auto Scaling group."
  value       = aws_autoscaling_group.this.name
}

output "launch_template_id" {
  description = "The id of the launch template to which the rollout adds versions."
  value       = aws_launch_template.this.id
}

output "role_name" {
  description = "The name of the machines' role, to attach further policies."
  value       = aws_iam_role.this.name
}

output "security_group_id" {
  description = "The id of the machines' security group, to refer to in other rules."
  value       = aws_security_group.this.id
}

output "target_group_arn" {
  description = "The ARN of the target group of the backend `main`, for listener rules kept elsewhere. Null without it."
  value       = try(aws_lb_target_group.this["main"].arn, null)
}

output "target_group_arns" {
  description = "The ARNs of all target groups, by backend."
  value       = { for key, group in aws_lb_target_group.this : key => group.arn }
}
