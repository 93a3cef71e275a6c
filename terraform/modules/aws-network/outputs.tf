output "vpc_id" {
  description = "The id of the VPC."
  value       = aws_vpc.this.id
}

output "subnet_ids" {
  description = "The ids of the subnets, by tier and then by TIER-ZONE."
  value       = { for tier, subnets in local.by_tier : tier => { for key in keys(subnets) : key => aws_subnet.this[key].id } }

  # A machine that starts before there is a way out, such as the proxy, could not install anything.
  depends_on = [
    aws_network_acl.this,
    aws_route.proxy_to_internet,
    aws_route53_resolver_firewall_rule_group_association.this,
    aws_route_table_association.proxy,
    aws_vpc_endpoint.interface,
    aws_vpc_endpoint.s3,
  ]
}

output "zone_id" {
  description = "The id of the private DNS zone."
  value       = aws_route53_zone.this.zone_id
}

output "private_route_table_id" {
  description = "The id of the route table of machines and builds, for routes to peers."
  value       = aws_route_table.private.id
}

output "build_security_group_id" {
  description = "The id of the security group of machines that build images; null where none are built."
  value       = one(aws_security_group.build[*].id)
}

output "endpoints_security_group_id" {
  description = "The id of the security group of the interface endpoints."
  value       = aws_security_group.endpoints.id
}

output "s3_endpoint_id" {
  description = "The id of the S3 endpoint."
  value       = aws_vpc_endpoint.s3.id
}
