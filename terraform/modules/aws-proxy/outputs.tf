output "security_group_id" {
  description = "The id of the security group of the proxy's machines."
  value       = aws_security_group.machines.id
}

output "load_balancer_security_group_id" {
  description = "The id of the security group of the load balancer."
  value       = aws_security_group.load_balancer.id
}

output "load_balancer_arn" {
  description = "The ARN of the load balancer."
  value       = aws_lb.this.arn
}

output "host" {
  description = "The name that machines find the proxy by."
  value       = aws_route53_record.this.name
}
