output "user_data" {
  description = "The user-data, for cloud-init; null if there is nothing to write."
  value       = length(local.files) == 0 ? null : join("\n", ["#cloud-config", yamlencode({ write_files = local.files })])
}
