terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.66"
    }
  }
}

provider "aws" {
  region = "ap-northeast-1"
}

module "network" {
  source = "../../../aws-network-lookup"

  name   = "example-aws-tokyo"
  region = "ap-northeast-1"
}

module "worker" {
  source = "../.."

  name         = "example-prod-worker"
  description  = "Takes jobs from the queue"
  network      = module.network
  egress_cidrs = ["10.16.0.0/16"]

  bootstrap_image = {
    owner        = "099720109477"
    name         = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20261101"
    architecture = "arm64"
  }

  session_log_group = "/example/sessions"
  session_bucket    = "example-sessions-123456789012-ap-northeast-1"
  session_key_alias = "example-sessions"

  machine_type = "c7g.large"
  size         = { min = 1, desired = 1, max = 1 }
  disk         = { size_gib = 20 }
}
