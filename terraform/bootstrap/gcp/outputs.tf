output "bucket" {
  description = "The bucket's name, for the backend of the other roots."
  value       = module.bucket.name
}
