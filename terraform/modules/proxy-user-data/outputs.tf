output "user_data" {
  description = "The user-data, for cloud-init."
  value       = join("\n", ["#cloud-config", yamlencode(local.user_data)])
}
