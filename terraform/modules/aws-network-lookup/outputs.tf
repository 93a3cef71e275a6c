output "vpc_id" {
  description = "The id of the VPC."
  value       = data.aws_vpc.this.id
}

output "subnet_ids" {
  description = "The ids of the private subnets for machines, one a zone."
  value       = sort(data.aws_subnets.machines.ids)
}

output "s3_prefix_list_id" {
  description = "The id of the prefix list of S3, which the gateway endpoint serves."
  value       = data.aws_ec2_managed_prefix_list.s3.id
}
