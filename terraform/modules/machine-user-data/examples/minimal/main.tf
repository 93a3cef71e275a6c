terraform {
  required_version = ">= 1.11"
}

module "user_data" {
  source = "../.."

  cloud = "aws"
  place = "ap-northeast-1"
  proxy = { url = "http://proxy.example.internal:3128", exceptions = ["localhost"] }
  config = {
    environment = { LOG_LEVEL = "debug" }
    secrets     = { DATABASE_PASSWORD = { name = "example/prod/database", key = "password" } }
  }
  disks = [{ device = "sdf", filesystem = "ext4", owner = "search", mount = "/var/lib/search" }]
}

output "user_data" {
  description = "The user-data of a machine with a data disk and a secret."
  value       = module.user_data.user_data
}
