output "autoscaling_group_name" {
  description = "The name of the Auto Scaling group."
  value       = aws_autoscaling_group.this.name
}

output "launch_template_id" {
  description = "The id of the launch template that the rollout makes versions of."
  value       = aws_launch_template.this.id
}

output "role_name" {
  description = "The name of the machines' role, for policies that are kept elsewhere."
  value       = aws_iam_role.this.name
}

output "security_group_id" {
  description = "The id of the machines' security group, for rules of others that name it."
  value       = aws_security_group.this.id
}

output "target_group_arn" {
  description = "The ARN of the target group, for the load balancer's owner to route to; null without a load balancer."
  value       = one(aws_lb_target_group.this[*].arn)
}
