output "build_runner_role_arn" {
  description = "The ARN of the role of the job that builds images."
  value       = aws_iam_role.runner.arn
}

output "build_instance_profile" {
  description = "The name of the instance profile of machines that build images."
  value       = aws_iam_instance_profile.build.name
}
