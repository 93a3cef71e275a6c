output "name" {
  description = "The bucket's name, once the bucket exists."
  value       = google_storage_bucket.this.name
}
