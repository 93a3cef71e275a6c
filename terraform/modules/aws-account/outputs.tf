output "job_role_arns" {
  description = "The ARNs of the roles of GitHub's jobs, by job."
  value       = { for name, role in aws_iam_role.job : name => role.arn }
}

output "operator_policies" {
  description = "The names of the policies for operators, by environment. Name them in the permission sets of IAM Identity Center."
  value       = { for name, policy in aws_iam_policy.operators : name => policy.name }
}

output "boundary_arns" {
  description = "The ARNs of the permissions boundaries: jobs and machines."
  value       = { for name, policy in aws_iam_policy.boundary : name => policy.arn }
}

output "build_instance_profile" {
  description = "The name of the instance profile of machines that build images; null if none are built here."
  value       = one(aws_iam_instance_profile.build[*].name)
}
