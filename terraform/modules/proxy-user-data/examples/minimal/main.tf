terraform {
  required_version = ">= 1.11"
}

module "user_data" {
  source = "../.."

  squid_conf = "http_port 3128\nhttp_access deny all\n"
}

output "user_data" {
  description = "The user-data of a proxy whose image has squid."
  value       = module.user_data.user_data
}
