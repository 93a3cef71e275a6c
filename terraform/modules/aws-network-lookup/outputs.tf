output "vpc_id" {
  description = "The id of the VPC."
  value       = data.aws_vpc.this.id
}

output "subnet_ids" {
  description = "The ids of the machines' private subnets, one per zone."
  value       = sort(data.aws_subnets.machines.ids)
}

output "s3_prefix_list_id" {
  description = "The id of the S3 prefix list, for the gateway endpoint."
  value       = data.aws_ec2_managed_prefix_list.s3.id
}
