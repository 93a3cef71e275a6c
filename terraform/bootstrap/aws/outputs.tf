output "bucket" {
  description = "The bucket with Terraform's state."
  value       = module.bucket.name
}

output "key" {
  description = "The ARN of the key that encrypts the state."
  value       = aws_kms_key.state.arn
}
