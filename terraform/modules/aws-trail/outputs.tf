output "bucket" {
  description = "The bucket with the trail's files."
  value       = module.bucket.name
}
